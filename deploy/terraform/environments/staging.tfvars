# The size of production for a load test, without its reserves.
stage  = "staging"
region = "eu-west-1"

own_keys           = true
stream             = { shards = 4 }
service            = { minimum = 1, maximum = 2 }
log_retention_days = 30
