stage  = "test"
region = "eu-west-1"

stream             = { shards = 1 }
queue              = { retention_days = 4 }
service            = { cpu = 256, memory = 512, maximum = 1, backlog_per_task = 10800 } # a quarter of a vCPU
log_retention_days = 14
