stage  = "production"
region = "eu-west-1"

own_keys           = true
stream             = { shards = 8, retention_hours = 168 }
service            = { minimum = 2, maximum = 4 } # one task fills 8 shards; the others are for failures and larger events
log_retention_days = 365
protected          = true
