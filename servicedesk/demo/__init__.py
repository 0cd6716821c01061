"""Two made-up desks that look alike, one day in full swing around the present moment."""
