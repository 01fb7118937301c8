check <- function() c(R.version$language, format(as.Date("2025-06-21"), "%A %d %B"), as.character(as.POSIXct("2025-06-21 12:00", tz = "UTC"), tz = "Asia/Tokyo", usetz = TRUE),
  iconv("gr\u00fc\u00dfe", "UTF-8", "ASCII//TRANSLIT"), toupper("\u00e4b"), regmatches("a1b22", gregexpr("[0-9]+", "a1b22", perl = TRUE))[[1]], sprintf("%.3f", pi))
