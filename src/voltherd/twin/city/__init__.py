"""The synthetic city: stations, piles and charging sessions of a Guangzhou that does not exist."""
