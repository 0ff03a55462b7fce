-- the columns of a layout: their names, and the columns of ours whose texts they hold; made anew with each new layout
CREATE MACRO IF NOT EXISTS layout_columns(layout) AS CAST(NULL AS STRUCT(name VARCHAR, ours VARCHAR)[]);
