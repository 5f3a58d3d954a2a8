-- For Aurora PostgreSQL, after log_table.sql: the outbox is sent by a Lambda function (Terraform: `monitoring`, with
-- `database`), called in the transaction that writes into it; nobody has to listen. What the function does not take,
-- since it or the stream is down, stays in the outbox, and goes with the next row. The row of your table is written
-- in any case. A row that is rolled back after all may have become a metric.
CREATE EXTENSION IF NOT EXISTS aws_lambda CASCADE;

CREATE TABLE IF NOT EXISTS quality.metric_function (
    name text NOT NULL,  -- of the function, with its alias: NAME:ALIAS
    region text NOT NULL
);
-- INSERT INTO quality.metric_function VALUES ('event-processor-log-table:live', 'eu-central-1');

CREATE OR REPLACE FUNCTION quality.send_metrics() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    numbers bigint[];
    records jsonb;
    answer record;
BEGIN
    SELECT array_agg(id), jsonb_agg(jsonb_build_object('id', id, 'record', record) ORDER BY id) INTO numbers, records
    FROM (SELECT id, record FROM quality.metric_outbox
          WHERE refused IS NULL AND record <> '{}' ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED) AS waiting;
    IF numbers IS NULL THEN
        RETURN NULL;
    END IF;
    BEGIN
        SELECT called.status_code, called.payload::jsonb AS payload INTO answer
        FROM quality.metric_function AS f,
             LATERAL aws_lambda.invoke(aws_commons.create_lambda_function_arn(f.name, f.region),
                                       json_build_object('rows', records)::json, 'RequestResponse') AS called
        LIMIT 1;
        IF answer.status_code = 200 AND answer.payload ? 'refused' THEN
            UPDATE quality.metric_outbox SET refused = answer.payload -> 'refused' ->> id::text
            WHERE id = ANY(numbers) AND answer.payload -> 'refused' ? id::text;
            DELETE FROM quality.metric_outbox WHERE id = ANY(numbers) AND refused IS NULL;
        END IF;
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'metrics wait in quality.metric_outbox: %', SQLERRM;
    END;
    RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS send ON quality.metric_outbox;
CREATE TRIGGER send AFTER UPDATE OF record ON quality.metric_outbox
FOR EACH STATEMENT EXECUTE FUNCTION quality.send_metrics();
