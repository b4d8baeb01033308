"""bytes -> Arrow: Envoy access logs and inventories become typed tables."""
