# What stages may differ in; environments/ has a file for each. Everything else is the same in all of them.

variable "stage" {
  type        = string
  description = "Name of the stage, part of all names."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.stage))
    error_message = "2 to 20 lower-case letters, digits and -."
  }
}

variable "region" {
  type        = string
  description = "The AWS region."
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of your own for everything, such as a cost centre."
}

variable "own_keys" {
  type        = bool
  default     = false
  description = "Whether queues, stream, logs and images are encrypted with a KMS key of your own."
}

variable "queue" {
  type = object({
    fifo           = optional(bool, false)
    retention_days = optional(number, 14)
  })
  default     = {}
  description = "The queue of submissions: FIFO or standard, and how long it keeps a message."
}

variable "stream" {
  type = object({
    shards          = optional(number)
    retention_hours = optional(number, 24)
  })
  default     = {}
  description = "The stream of events: shards (none: on-demand), and how long it keeps a record."
}

variable "settings" {
  type        = map(string)
  default     = {}
  description = "More settings of the service, as in docs/settings.md."

  validation {
    condition     = length(setintersection(keys(var.settings), ["AWS_REGION", "METRICS_HOST", "METRICS_PORT", "QUEUE_NAME", "REJECTS_QUEUE", "STREAM_NAME"])) == 0
    error_message = "Region, names and the port of metrics follow from the stage: its roles and networks are made for them."
  }
}

variable "image" {
  type        = string
  default     = null
  description = "The image of the service by its digest; null: no service yet, but a registry to push it to."
}

variable "pipeline_image" {
  type        = string
  default     = null
  description = "The image with everything (target `pipeline`), by its digest, which the gateway needs; null: no gateway yet."
}

variable "canary_image" {
  type        = string
  default     = null
  description = "The next image, by its digest, for one task beside the others; null: no canary."

  validation {
    condition     = var.canary_image == null || var.image != null
    error_message = "A canary runs beside the service: it needs `image`, too."
  }
}

variable "service" {
  type = object({
    architecture     = optional(string, "ARM64")
    cpu              = optional(number, 1024)
    memory           = optional(number, 2048)
    minimum          = optional(number, 1)
    maximum          = optional(number, 4)
    backlog_per_task = optional(number, 43000)
  })
  default     = {}
  description = "The Fargate service: its size, and when it grows."
}

variable "network" {
  type = object({
    vpc_id          = string
    subnet_ids      = list(string)
    route_table_ids = list(string)
    endpoints       = optional(set(string), ["ecr.api", "ecr.dkr", "kinesis-streams", "logs", "sqs"])
    outside         = optional(bool, false)
  })
  default     = null
  description = "The VPC, private subnets and their route tables for the service. `endpoints`: those that the VPC has not got yet. `outside`: tasks may reach the internet by HTTPS, which an inspector needs for its tables and for Slack."

  validation {
    condition     = var.image == null || var.network != null
    error_message = "The service needs a network."
  }
}

variable "function" {
  type = object({
    archive             = string
    architecture        = optional(string, "arm64")
    memory              = optional(number, 512)
    timeout             = optional(number, 60)
    batch_size          = optional(number, 500)
    maximum_concurrency = optional(number, 2)
    version_in_use      = optional(string)
    settings            = optional(map(string), {})
  })
  default     = null
  description = "The Lambda function instead of the service, or beside it; null: none."

  validation {
    condition     = length(setintersection(keys(try(var.function.settings, {})), ["REJECTS_QUEUE", "STREAM_NAME"])) == 0
    error_message = "The names of stream and rejects follow from the stage: its roles are made for them."
  }
}

variable "streams_file" {
  type        = string
  default     = null
  description = "Path of the streams file (streams.yaml). Each of its streams is made, but `events`, which is there; all have the stage in their names here."
}

variable "streams" {
  type = map(object({
    shards          = optional(number)
    retention_hours = optional(number, 24)
    sender          = optional(object({ account_id = string, external_id = string }))
  }))
  default     = {}
  description = "More of streams of the streams file: shards (none: on-demand), how long a record is kept, and who writes to it from another account, such as Segment."

  validation {
    condition     = length(setsubtract(keys(var.streams), var.streams_file == null ? [] : [for stream, _ in yamldecode(file(var.streams_file)).streams : stream if stream != "events"])) == 0
    error_message = "Streams of the streams file only, and `events` is set by `stream`."
  }
}

variable "inspection" {
  type = object({
    by           = optional(string, "service")
    cpu          = optional(number, 1024)
    memory       = optional(number)
    archive      = optional(string)
    architecture = optional(string, "arm64")
    notices_arn  = optional(string)
    topic_arn    = optional(string)
    settings     = optional(map(string), {})
  })
  default     = null
  description = "Who inspects each stream of the streams file: a `service` beside `image`, or a `function` from `archive`. `notices_arn`: the secret with the service's NOTICES; `topic_arn`: the SNS topic that NOTICES names. null: nobody does."

  validation {
    condition     = var.inspection == null || var.streams_file != null
    error_message = "Without `streams_file` there is nothing to inspect."
  }

  validation {
    condition     = var.inspection == null || contains(["service", "function"], try(var.inspection.by, ""))
    error_message = "By a service or a function."
  }

  validation {
    condition     = try(var.inspection.by, "") != "service" || var.image == null || try(var.network.outside, false)
    error_message = "A service needs `outside = true` in `network`: its tables have no endpoint there."
  }

  validation {
    condition     = (try(var.inspection.by, "") == "function") == (try(var.inspection.archive, null) != null)
    error_message = "A function needs `archive`, and nothing else does."
  }

  validation {
    condition     = length(setintersection(keys(try(var.inspection.settings, {})), ["AWS_REGION", "CONTRACTS", "METRICS_HOST", "METRICS_PORT", "REJECTS", "REJECTS_QUEUE", "STATE", "STREAMS_FILE"])) == 0
    error_message = "Streams, tables, queues and the port of metrics follow from the stage: roles and networks are made for them."
  }
}

variable "door_service" {
  type = object({
    keys_arn        = optional(string)
    certificate_arn = optional(string)
    subnet_ids      = optional(list(string), [])
    internal        = optional(bool, false)
    client_cidrs    = optional(list(string), ["0.0.0.0/0"])
    cpu             = optional(number, 1024)
    memory          = optional(number, 2048)
    minimum         = optional(number, 2)
    maximum         = optional(number, 4)
    settings        = optional(map(string), {})
  })
  default     = null
  description = "Our gateway (`pipeline_image`) behind a load balancer, which takes records over HTTPS for the streams of the streams file: the secret with its GATEWAY_KEYS, the certificate of your name, the load balancer's subnets. null: none."

  validation {
    condition     = var.door_service == null || var.streams_file != null
    error_message = "Without `streams_file` there is nothing to take records for."
  }

  validation {
    condition     = var.door_service == null || var.pipeline_image == null || try(var.door_service.keys_arn != null && var.door_service.certificate_arn != null && length(var.door_service.subnet_ids) >= 2, false)
    error_message = "A gateway beyond loopback needs keys, a certificate, and a load balancer in two subnets."
  }

  validation {
    condition     = var.door_service == null || var.pipeline_image == null || try(var.network.outside, false)
    error_message = "A gateway needs `outside = true` in `network`: its table of contracts has no endpoint there."
  }

  validation {
    condition     = length(setintersection(keys(try(var.door_service.settings, {})), ["AWS_REGION", "CONTRACTS", "GATEWAY_HOST", "GATEWAY_KEYS", "GATEWAY_PORT", "METRICS_HOST", "METRICS_PORT", "REJECTS", "REJECTS_QUEUE", "STREAMS_FILE"])) == 0
    error_message = "Streams, tables, queues and ports follow from the stage: roles and networks are made for them."
  }
}

variable "door_api_gateway" {
  type = object({
    keys      = map(object({ rate = number, burst = number, daily = optional(number) }))
    contracts = optional(string)
    domain    = optional(object({ name = string, certificate_arn = string }))
  })
  default     = null
  description = "API Gateway instead of our gateway: its keys with what each may send a second, at once and a day; the folder of contracts, of which it judges what it understands; a name of your own. null: none."

  validation {
    condition     = var.door_api_gateway == null || var.streams_file != null
    error_message = "Without `streams_file` there is nothing to take records for."
  }
}

variable "lake" {
  type = object({
    bucket   = string
    tables   = optional(string)
    firehose = optional(bool, false)
    service  = optional(bool, false)
    cpu      = optional(number, 1024)
    memory   = optional(number, 2048)
    settings = optional(map(string), {})
    raw_days = optional(number)
    owner    = optional(object({ role_arn = string }))
    warehouse = optional(object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
      capacity           = optional(number, 8)
    }))
  })
  default     = null
  description = "The lake's bucket, and who delivers into it: our own `service` (`pipeline_image`), `firehose`, or both. `tables`: the folder with what `lake ddl --dialect glue` prints. `owner`: the role to make bucket and warehouse with in another account. `warehouse`: Redshift. null: none."

  validation {
    condition     = var.lake == null || var.streams_file != null
    error_message = "Without `streams_file` there is nothing to deliver."
  }

  validation {
    condition     = !try(var.lake.service, false) || var.pipeline_image == null || try(var.network.outside, false)
    error_message = "A delivery needs `outside = true` in `network`: bucket and contracts have no endpoint there."
  }

  validation {
    condition     = length(setintersection(keys(try(var.lake.settings, {})), ["AWS_REGION", "CONTRACTS", "LAKE", "METRICS_HOST", "METRICS_PORT", "STREAMS_FILE"])) == 0
    error_message = "Streams, tables, the bucket and ports follow from the stage: roles and networks are made for them."
  }
}

variable "monitoring" {
  type = object({
    by            = optional(string, "service")
    archive       = optional(string)
    cpu           = optional(number, 256)
    memory        = optional(number, 1024)
    settings      = optional(map(string), {})
    notices_arn   = optional(string)
    label_key_arn = optional(string)
    emails        = optional(set(string), [])
    queue         = optional(bool, false)
    severities    = optional(list(string), [])
    training = optional(object({
      by            = string
      cpu           = optional(number, 1024)
      memory        = optional(number, 2048)
      instance_type = optional(string, "ml.t3.medium")
    }))
    database = optional(object({ cluster = string }))
  })
  default     = null
  description = "Who judges metrics, a `service` (`pipeline_image`) or a `function` from `archive`, and who is told: e-mail, a queue, NOTICES of a parameter. `training`: by `task` or `sagemaker`, when labels change. `database`: the Aurora cluster with a log table. null: nobody."

  validation {
    condition     = var.monitoring == null || var.lake != null
    error_message = "What the monitor knows is kept in the lake: `lake` names its bucket."
  }

  validation {
    condition     = contains(["service", "function"], try(var.monitoring.by, "service"))
    error_message = "service or function."
  }

  validation {
    condition     = try(var.monitoring.by, "function") != "service" || (var.pipeline_image != null && try(var.network.outside, false))
    error_message = "A service needs `pipeline_image`, and `outside = true` in `network`: bucket and topic have no endpoint there."
  }

  validation {
    condition     = try(var.monitoring.training, null) == null || (try(var.lake.owner, null) == null && var.pipeline_image != null && var.network != null)
    error_message = "Training needs `pipeline_image` and `network`, and a bucket of this account: another's tells its own EventBridge only."
  }
}

variable "protected" {
  type        = bool
  default     = false
  description = "Whether tables must first be unprotected before they can be deleted."
}

variable "alarms" {
  type = object({
    topics                  = optional(list(string), [])
    age_seconds             = optional(number, 300)
    rejects_in_five_minutes = optional(number, 50)
    lag_seconds             = optional(number, 300)
  })
  default     = {}
  description = "Who is told, and from when on."
}

variable "log_retention_days" {
  type        = number
  default     = 30
  description = "Days that logs are kept."
}
