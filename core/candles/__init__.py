"""Candles of one minute: fetched from the venues or imported from files, stored once for all users."""
