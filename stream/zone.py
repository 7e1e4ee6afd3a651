"""The zone of every day and hour that people read or set here: China has one."""

from datetime import timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""A fixed offset, as the stores' arithmetic of days is: summer time was last kept in 1991."""
