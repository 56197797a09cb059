-- One row per CRM record and field that people filled: what a person last typed there.
with

field_values as (

    select
        object,
        id,
        field,
        value,
        stood_since,
        is_before_us,
        is_newest,
        is_deleted,
        {{ value_digest('id', 'field', 'value') }} as digest
    from {{ ref('int_selfbuilt_values_unpivoted') }}

),

record_versions as (

    select *
    from {{ ref('stg_ledger__record_versions') }}
    where destination = 'selfbuilt'

),

fields as (

    select distinct
        object,
        field
    from field_values

),

written_values as (

    select
        record_versions.object,
        record_versions.remote_id,
        fields.field,
        {{ json_text('record_versions.sent_digests', 'fields.field') }} as sent_digest,
        {{ json_text('record_versions.observed_digests', 'fields.field') }} as observed_digest
    from record_versions
    inner join fields on record_versions.object = fields.object

),

echoes as (

    select
        object,
        remote_id,
        field,
        sent_digest as digest
    from written_values
    where sent_digest is not null
    union by name
    -- how the CRM spells what we sent; what we didn't send was typed by somebody
    select
        object,
        remote_id,
        field,
        observed_digest as digest
    from written_values
    where sent_digest is not null and observed_digest is not null

),

typed_values as (

    select
        field_values.object,
        field_values.id,
        field_values.field,
        field_values.value,
        max(field_values.stood_since) as typed_at
    from field_values
    left outer join echoes
        on
            field_values.object = echoes.object
            and field_values.id = echoes.remote_id
            and field_values.field = echoes.field
            and field_values.digest = echoes.digest
    -- what stood there before we adopted the record is theirs, even if we'd write the same
    where not field_values.is_deleted and (field_values.is_before_us or echoes.digest is null)
    group by field_values.object, field_values.id, field_values.field, field_values.value

),

there_now as (

    select distinct
        object,
        id
    from field_values
    where is_newest and not is_deleted

),

last_typed as (

    select
        typed_values.object,
        typed_values.id,
        typed_values.field,
        typed_values.value,
        typed_values.typed_at
    from typed_values
    inner join there_now
        on typed_values.object = there_now.object and typed_values.id = there_now.id
    qualify
        row_number()
            over (
                partition by typed_values.object, typed_values.id, typed_values.field
                order by typed_values.typed_at desc, typed_values.value asc
            )
        = 1

),

-- what somebody has emptied since is no evidence any more, even if we have filled it again
still_typed as (

    select
        object,
        id,
        field,
        value,
        typed_at
    from last_typed
    where value is not null

)

select * from still_typed
