raddle_guest::tasks![];
