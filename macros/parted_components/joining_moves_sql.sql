{% macro joining_moves_sql(given, parts) -%}
    with directed as (
        select node_id, other_node_id, strength from {{ given }} where other_node_id is not null
        union all
        select other_node_id, node_id, strength from {{ given }} where other_node_id is not null
    ),

    -- between any two components: their strongest link, and whether something forbids it
    bonds as (
        select
            one.component_id,
            other.component_id as other_id,
            max(directed.strength) as strength,
            count(*) > count(directed.strength) or coalesce(max(one.claim) != max(other.claim), false)
                as is_forbidden
        from directed
        inner join {{ parts }} as one on directed.node_id = one.node_id
        inner join {{ parts }} as other on directed.other_node_id = other.node_id
        where one.component_id != other.component_id
        group by one.component_id, other.component_id
    ),

    best as (
        select component_id, other_id
        from bonds
        where not is_forbidden
        qualify
            row_number() over (partition by component_id order by strength desc, other_id asc) = 1
    ),

    -- each other's best: the one with the smaller id is the head of both
    heads as (
        select best.component_id, least(best.component_id, best.other_id) as head_id
        from best
        inner join best as others_best
            on best.other_id = others_best.component_id and best.component_id = others_best.other_id
    ),

    followers as (
        select best.component_id, heads.head_id
        from best
        inner join heads on best.other_id = heads.component_id
        where best.component_id not in (select heads.component_id from heads)
    ),

    claims as (
        select component_id, max(claim) as claim from {{ parts }} group by component_id
    ),

    grouped as (
        select heads.head_id, heads.component_id, false as is_follower, claims.claim
        from heads
        inner join claims on heads.component_id = claims.component_id
        union all
        select followers.head_id, followers.component_id, true as is_follower, claims.claim
        from followers
        inner join claims on followers.component_id = claims.component_id
    ),

    first_claims as (
        select
            head_id,
            coalesce(min(claim) filter (where not is_follower), min(claim)) as claim
        from grouped
        group by head_id
    ),

    -- a follower that may not be together with anybody else of the group waits
    barred as (
        select grouped.component_id
        from grouped
        inner join first_claims on grouped.head_id = first_claims.head_id
        where grouped.is_follower and grouped.claim != first_claims.claim
        union all
        select grouped.component_id
        from grouped
        inner join bonds on grouped.component_id = bonds.component_id
        inner join grouped as met
            on bonds.other_id = met.component_id and grouped.head_id = met.head_id
        where grouped.is_follower and bonds.is_forbidden
    )

    select component_id, head_id as moved_to
    from grouped
    where component_id not in (select barred.component_id from barred)
        and component_id != head_id
{%- endmacro %}
