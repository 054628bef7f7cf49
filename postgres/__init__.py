"""How rows are kept: ids, prepared statements, storable text, encrypted JSON. Knows no app."""
