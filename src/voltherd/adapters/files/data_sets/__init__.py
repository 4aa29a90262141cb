"""Real data of others: what there is, how it is obtained, and how it becomes tables of ours."""
