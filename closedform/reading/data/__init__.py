"""Tables of data: from files, from frames and arrays, cell by cell, exactly."""
