-- A total that its lines and shipping do not explain: the source contradicts itself, or a line is in
-- quarantine. A finding about the data, hence a warning.
{{ config(severity="warn") }}
select order_key, channel, order_id, total_amount, lines_amount, shipping_amount, unexplained_amount
from {{ ref('fct_orders') }}
where unexplained_amount <> 0
