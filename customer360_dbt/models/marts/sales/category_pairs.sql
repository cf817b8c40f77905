{#- Orders with the same categories are one row before pairs are made of them: there are far fewer such baskets than
    orders. Every basket holds the empty text, too, so that one count of pairs tells the orders with both (a, b),
    with one (a, a) and all of them ('', ''). -#}
with lines as (
    select * from {{ ref('fct_order_lines') }}
    where not is_cancelled and not is_return
),

products as (
    select * from {{ ref('dim_products') }}
    where category <> 'Unknown'
),

bought as (
    -- Not collect_set, which takes four times as long on the embedded engine.
    select distinct
        lines.order_key,
        -- Two departments can have a category of one name.
        concat(products.department, ': ', products.category) as category
    from lines
    inner join products on products.product_key = lines.product_key
),

by_order as (
    select order_key, array_sort(collect_list(category)) as categories
    from bought
    group by order_key
),

baskets as (
    select concat(array(''), categories) as categories, count(*) as order_count
    from by_order
    group by concat(array(''), categories)
),

firsts as (
    select categories, order_count, explode(categories) as category_1
    from baskets
),

both as (
    select order_count, category_1, explode(categories) as category_2
    from firsts
),

pairs as (
    select category_1, category_2, sum(order_count) as order_count
    from both
    group by category_1, category_2
),

counted as (
    select
        category_1,
        category_2,
        order_count,
        max(case when category_2 = category_1 then order_count end) over (partition by category_1)
            as category_1_order_count,
        max(case when category_1 = category_2 then order_count end) over (partition by category_2)
            as category_2_order_count,
        max(case when category_1 = '' and category_2 = '' then order_count end) over () as all_order_count
    from pairs
),

rated as (
    select
        category_1,
        category_2,
        order_count,
        category_1_order_count,
        category_2_order_count,
        all_order_count,
        {{ ratio("order_count", "all_order_count", 4) }} as support_share,
        {{ ratio("order_count * all_order_count", "category_1_order_count * category_2_order_count", 4) }}
            as lift
    from counted
    where category_1 <> '' and category_1 < category_2
)

select * from rated
