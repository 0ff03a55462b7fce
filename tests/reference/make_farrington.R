# Judges the series of inputs.csv by surveillance::farringtonFlexible under several settings; called by make_farrington.py.
# Usage: Rscript make_farrington.R inputs.csv outputs.csv
suppressMessages(library(surveillance))
files <- commandArgs(trailingOnly = TRUE)
inputs <- read.csv(files[1])
improved <- list(
  noPeriods = 10, pastWeeksNotIncluded = 26, weightsThreshold = 2.58, pThresholdTrend = 1,
  alpha = 0.01, thresholdMethod = "nbPlugin", glmWarnings = FALSE
)
variants <- list(
  nb = list(), muan = list(thresholdMethod = "muan"), delta = list(thresholdMethod = "delta"),
  trend05 = list(pThresholdTrend = 0.05), no_trend = list(trend = FALSE), no_reweight = list(reweight = FALSE),
  no_limit = list(limit54 = c(0, 4)), three_years = list(b = 3, w = 2, noPeriods = 7),
  population = list(populationOffset = TRUE),
  r_default = list(
    noPeriods = 1, pastWeeksNotIncluded = 3, pThresholdTrend = 0.05, alpha = 0.05, thresholdMethod = "delta"
  )
)
judge <- function(name, series) {
  data <- inputs[inputs$series == series, ]
  weeks <- 301:345
  table <- sts(
    observed = matrix(data$count), epoch = as.numeric(as.Date(data$date)), epochAsDate = TRUE, freq = 52,
    population = matrix(data$population)
  )
  control <- modifyList(modifyList(improved, variants[[name]]), list(range = weeks))
  result <- suppressWarnings(farringtonFlexible(table, control))
  upper <- as.numeric(upperbound(result))
  data.frame(
    variant = name, series = series, week = weeks - 1, upper = upper,
    expected = ifelse(is.na(upper), NA, as.numeric(result@control$expected)),
    p_value = as.numeric(result@control$pvalue), phi = as.numeric(result@control$phiVector),
    alarm = as.numeric(alarms(result)), trend = as.numeric(result@control$trend)
  )
}
outputs <- do.call(rbind, lapply(names(variants), function(name) {
  do.call(rbind, lapply(unique(inputs$series), function(series) {
    # R does not return from the bound of a mean that overflows
    if (name == "muan" && series %in% c("winter", "bursts")) NULL else judge(name, series)
  }))
}))
write.csv(format(outputs, digits = 17), files[2], row.names = FALSE, quote = FALSE)
