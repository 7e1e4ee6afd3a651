"""Settings, wiring and timetable: the only room that knows every room."""
