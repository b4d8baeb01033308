SELECT * FROM error_budgets
