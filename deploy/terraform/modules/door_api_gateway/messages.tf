# What is asked, what Kinesis is asked, and what is answered.

locals {
  # Of a contract, what API Gateway's draft 4 can say: what fields there must be, and of each field by itself its type,
  # length, range, pattern and choice. The rest (nested fields, conditions, formats, references) is left to others.
  sayable   = ["enum", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum", "pattern"]
  contracts = { for stream, its in var.streams : stream => jsondecode(coalesce(its.contract, "{}")) }
  fields = {
    for stream, contract in local.contracts : stream => {
      for field, schema in try(contract.properties, {}) : field => merge(
        { for word in local.sayable : word => schema[word] if can(schema[word]) },
        # 1.0 is an integer to a contract, and none to draft 4.
        { for word in ["type"] : word => [for type in flatten([schema.type]) : type == "integer" ? "number" : type] if can(schema.type) },
        { for word in ["enum"] : word => [schema.const] if can(schema.const) },
      ) if can(keys(schema))
    }
  }
  data = {
    for stream, contract in local.contracts : stream => merge(
      try(contract.type, null) == "object" ? { type = "object" } : {},
      { for word in ["required"] : word => contract.required if length(try(contract.required, [])) > 0 }, # draft 4 wants one
      { for word in ["properties"] : word => local.fields[stream] if length(local.fields[stream]) > 0 },
    )
  }

  draft = { "$schema" = "http://json-schema.org/draft-04/schema#" }
  key   = { type = ["string", "null"], minLength = 1, maxLength = 256 }
  bodies = {
    for stream in keys(var.streams) : stream => {
      record = merge(local.draft, {
        type                 = "object"
        required             = ["Data"]
        additionalProperties = false
        properties           = { Data = local.data[stream], PartitionKey = local.key }
      })
      records = merge(local.draft, {
        type                 = "object"
        required             = ["records"]
        additionalProperties = false
        properties = {
          records = {
            type     = "array"
            minItems = 1
            maxItems = 500
            items = {
              type                 = "object"
              required             = ["data"]
              additionalProperties = false
              properties           = { data = local.data[stream], "partition-key" = local.key }
            }
          }
        }
      })
    }
  }

  # `json` gives a value as JSON, text with its quotes, which is what our own gateway publishes; `path` would make {a=b} of
  # an object. The key is the sender's, else that of the stream's fields which is text, else the request's id, with the
  # record's number in a batch.
  places = { record = "$", records = "$${at}" }
  keys_by = {
    for stream, its in var.streams : stream => {
      for kind, names in { record = ["Data", "PartitionKey"], records = ["data", "partition-key"] } : kind => concat(
        ["${local.places[kind]}['${names[1]}']"],
        [for field in [its.partition_key, its.id] : "${local.places[kind]}['${names[0]}']['${field}']" if field != null],
      )
    }
  }
  requests = {
    for stream, its in var.streams : stream => {
      record  = <<-VTL
        #set($key = "")
        %{for path in local.keys_by[stream].record~}
        #if($key == "")#set($found = $input.json("${path}"))#if($found.startsWith('"') && $found.length() > 2)#set($key = $found)#end#end
        %{endfor~}
        {"StreamName": "${its.name}",
         "Data": "$util.base64Encode($input.json("$['Data']"))",
         "PartitionKey": #if($key == "")"$context.requestId"#else$key#end}
      VTL
      records = <<-VTL
        {"StreamName": "${its.name}", "Records": [
        #foreach($record in $input.path("$['records']"))
        #set($key = "")
        #set($at = "$['records'][$foreach.index]")
        %{for path in local.keys_by[stream].records~}
        #if($key == "")#set($found = $input.json("${path}"))#if($found.startsWith('"') && $found.length() > 2)#set($key = $found)#end#end
        %{endfor~}
        {"Data": "$util.base64Encode($input.json("$${at}['data']"))",
         "PartitionKey": #if($key == "")"$context.requestId-$foreach.index"#else$key#end}#if($foreach.hasNext),#end
        #end
        ]}
      VTL
    }
  }

  # A pattern is held against the status that Kinesis answered. Kinesis says with 400 that it has no room, that there is no
  # such stream, and that the record is wrong: its type says which.
  stored = {
    record  = "{\"SequenceNumber\": $input.json('$.SequenceNumber'), \"ShardId\": $input.json('$.ShardId')}"
    records = <<-VTL
      #if($input.path('$.FailedRecordCount') != 0)#set($context.responseOverride.status = 503)#set($context.responseOverride.header.Retry-After = "2")#end
      {"FailedRecordCount": $input.json('$.FailedRecordCount'), "Records": $input.json('$.Records')}
    VTL
  }
  refused = <<-VTL
    #set($type = $input.json('$.__type'))
    #if($type.contains('ThroughputExceeded') || $type.contains('LimitExceeded') || $type.contains('KMSThrottling'))
    #set($context.responseOverride.status = 429)
    #set($context.responseOverride.header.Retry-After = "1")
    ${local.problems["429"]}
    #elseif($type.contains('ValidationException') || $type.contains('SerializationException') || $type.contains('InvalidArgument'))
    #set($context.responseOverride.status = 400)
    ${local.problems["400"]}
    #else
    ${local.problems["502"]}
    #end
  VTL
  problems = {
    for status, its in {
      "400" = { title = "Bad Request", detail = "Kinesis does not take this record" }
      "429" = { title = "Too Many Requests", detail = "the stream has no room at the moment" }
      "500" = { title = "Internal Server Error", detail = "an answer of Kinesis that nobody knows" }
      "502" = { title = "Bad Gateway", detail = "the stream cannot be written to" }
      "503" = { title = "Service Unavailable", detail = "Kinesis is not available" }
    } : status => jsonencode({ type = "about:blank", title = its.title, status = tonumber(status), detail = its.detail })
  }

  integration_responses = {
    "200" = { pattern = "200", retry = null, templates = local.stored }
    "500" = { pattern = null, retry = null, templates = { for kind in keys(local.stored) : kind => local.problems["500"] } }
    "502" = { pattern = "4\\d{2}", retry = null, templates = { for kind in keys(local.stored) : kind => local.refused } }
    "503" = { pattern = "5\\d{2}", retry = 2, templates = { for kind in keys(local.stored) : kind => local.problems["503"] } }
  }

  gateway_responses = {
    BAD_REQUEST_BODY             = { status = "400", title = "Bad Request", detail = "$context.error.validationErrorString", retry = null }
    INTEGRATION_FAILURE          = { status = "503", title = "Service Unavailable", detail = "Kinesis did not answer", retry = 2 }
    INTEGRATION_TIMEOUT          = { status = "503", title = "Service Unavailable", detail = "Kinesis did not answer in time", retry = 2 }
    INVALID_API_KEY              = { status = "401", title = "Unauthorized", detail = "no such key", retry = null }
    MISSING_AUTHENTICATION_TOKEN = { status = "404", title = "Not Found", detail = "there is no stream of this name", retry = null }
    QUOTA_EXCEEDED               = { status = "429", title = "Too Many Requests", detail = "the key's quota is used up", retry = 3600 }
    REQUEST_TOO_LARGE            = { status = "413", title = "Request Entity Too Large", detail = "the body is too large", retry = null }
    THROTTLED                    = { status = "429", title = "Too Many Requests", detail = "too many requests with this key", retry = 1 }
    UNSUPPORTED_MEDIA_TYPE       = { status = "415", title = "Unsupported Media Type", detail = "the content type must be application/json", retry = null }
  }
}
