once all
