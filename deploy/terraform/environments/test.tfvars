stage  = "test"
region = "eu-west-1"

stream             = { shards = 1 }
queue              = { retention_days = 4 }
service            = { cpu = 256, memory = 512, maximum = 2, backlog_per_task = 2000 }
log_retention_days = 14
