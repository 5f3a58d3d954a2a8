-- Rows of a table of yours as metrics (docs/metrics.md): made by a trigger in the same transaction as the row, kept
-- until `event-processor monitor listen` has them on the stream. NOTIFY only wakes it: what is written while nobody
-- listens waits. May be run again at any time.
CREATE SCHEMA IF NOT EXISTS quality;

CREATE TABLE IF NOT EXISTS quality.metric_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    record jsonb NOT NULL,
    refused text  -- why it is no metric; such a row stays
);

-- What an argument of the trigger means for a row: 'a text in quotes' is that text, else it is the name of a column.
CREATE OR REPLACE FUNCTION quality.metric_part(written jsonb, argument text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN argument LIKE '''%''' THEN to_jsonb(substr(argument, 2, length(argument) - 2))
                ELSE written -> argument END
$$;

-- CREATE TRIGGER metrics AFTER INSERT OR UPDATE ON job_log FOR EACH ROW EXECUTE FUNCTION quality.tell_metric(
--     'dataset=job', 'name=''rows''', 'value=rows_loaded', 'time=finished_at', 'seconds=86400', 'dimensions=country');
-- dataset, name, value and time are needed; n and dimensions (columns, separated by commas) are not.
-- The id of the outbox is the revision: a later row of the same bucket is a correction of it.
CREATE OR REPLACE FUNCTION quality.tell_metric() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    written jsonb := to_jsonb(NEW);
    given jsonb := '{}';
    argument text;
    bucket numeric;
    moment timestamptz;
    number bigint;
BEGIN
    FOREACH argument IN ARRAY TG_ARGV LOOP
        given := given || jsonb_build_object(split_part(argument, '=', 1), substr(argument, strpos(argument, '=') + 1));
    END LOOP;
    bucket := coalesce(given ->> 'seconds', '60')::numeric;
    BEGIN
        moment := (quality.metric_part(written, given ->> 'time') #>> '{}')::timestamptz;
    EXCEPTION WHEN data_exception THEN
        moment := NULL;  -- refused by whoever listens, with the row itself untouched
    END;
    INSERT INTO quality.metric_outbox (record) VALUES ('{}') RETURNING id INTO number;
    UPDATE quality.metric_outbox SET record = jsonb_build_object(
        'dataset', quality.metric_part(written, given ->> 'dataset'),
        'name', quality.metric_part(written, given ->> 'name'),
        'dimensions', (SELECT coalesce(jsonb_object_agg(part, coalesce(written ->> part, '(none)')), '{}')
                       FROM unnest(string_to_array(given ->> 'dimensions', ',')) AS part),
        'bucket_start', to_char(to_timestamp(floor(extract(epoch FROM moment) / bucket) * bucket) AT TIME ZONE 'UTC',
                                'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'bucket_seconds', bucket,
        'value', quality.metric_part(written, given ->> 'value'),
        'n', coalesce(quality.metric_part(written, given ->> 'n'), '1'),
        'complete', true,
        'revision', number
    ) WHERE id = number;
    PERFORM pg_notify('quality_metrics', '');
    RETURN NULL;
END
$$;
