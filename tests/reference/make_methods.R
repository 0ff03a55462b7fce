# Judges the series of inputs.csv by the methods of surveillance other than farringtonFlexible; called by make_methods.py.
# Usage: Rscript make_methods.R inputs.csv outputs.csv
suppressMessages(library(surveillance))
files <- commandArgs(trailingOnly = TRUE)
inputs <- read.csv(files[1])
shown <- 281 # earlier weeks are judged where later ones depend on them, and not written
quietly <- function(expression) tryCatch(suppressMessages(suppressWarnings(expression)), error = function(e) NULL)
rows <- function(variant, series, weeks, upper, alarm, statistic = NA, expected = NA) {
  found <- data.frame(
    variant = variant, series = series, week = weeks - 1, upper = as.numeric(upper), alarm = as.numeric(alarm),
    statistic = as.numeric(statistic), expected = as.numeric(expected)
  )
  found[found$week >= shown - 1, ]
}
ears <- function(series, table) {
  lapply(c("C1", "C2", "C3"), function(method) quietly({
    result <- earsC(table, list(method = method))
    weeks <- (nrow(table) - nrow(result) + 1):nrow(table)
    rows(paste0("ears-", tolower(method)), series, weeks, upperbound(result), alarms(result))
  }))
}
windows <- list(list(0, 6, TRUE), list(1, 6, TRUE), list(2, 4, FALSE))
seasonal <- function(series, plain, n) {
  do.call(c, lapply(1:3, function(i) {
    w <- windows[[i]]
    weeks <- (52 * w[[1]] + w[[2]] + 1):n
    control <- list(range = weeks, b = w[[1]], w = w[[2]], actY = w[[3]])
    list(
      quietly({
        result <- algo.bayes(plain, c(control, alpha = 0.05))
        rows(paste0("bayes-", i), series, weeks, result$upperbound, result$alarm)
      }),
      quietly({
        result <- algo.rki(plain, control)
        rows(paste0("rki-", i), series, weeks, result$upperbound, result$alarm)
      })
    )
  }))
}
farrington_1996 <- function(series, table) {
  do.call(c, lapply(c(TRUE, FALSE), function(reweight) {
    lapply(shown:nrow(table), function(week) quietly({
      capture.output(result <- farrington(table, list(
        range = week, b = 5, w = 3, alpha = 0.01, reweight = reweight, limit54 = c(0, 4)
      )))
      name <- if (reweight) "farrington" else "farrington-no-reweight"
      rows(name, series, week, upperbound(result), alarms(result), NA, result@control$pd[1, 2])
    }))
  }))
}
cusums <- function(series, plain, weeks) {
  one <- function(name, ...) quietly({
    result <- algo.cusum(plain, list(range = weeks, k = 1.04, h = 2.26, alpha = 0.2, ...))
    rows(name, series, weeks, result$upperbound, result$alarm, result$cusum, result$control$m)
  })
  transformations <- c("rossi", "standard", "anscombe", "anscombe2nd", "pearsonNegBin", "none")
  c(
    lapply(transformations, function(name) one(paste0("cusum-", name), trans = name)),
    list(one("cusum-season", trans = "rossi", m = "glm"))
  )
}
ratios <- function(series, plain, weeks) {
  one <- function(name, cases, ...) quietly({
    result <- algo.glrnb(plain, list(range = weeks, c.ARL = 5, ret = "value", ...))
    upper <- if (cases) algo.glrnb(plain, list(range = weeks, c.ARL = 5, ret = "cases", ...))$upperbound else NA
    rows(name, series, weeks, upper, result$alarm, result$upperbound, result$control$mu0)
  })
  list(
    one("glr", TRUE, alpha = 0), one("glr-window", TRUE, alpha = 0, M = 26, Mtilde = 2),
    one("glr-down", TRUE, alpha = 0, dir = "dec"), one("glr-epidemic", FALSE, alpha = 0, change = "epi"),
    one("glr-trend", TRUE, alpha = 0, Mtilde = 4, mu0 = list(S = 2, trend = TRUE)),
    one("glr-theta", TRUE, alpha = 0, theta = log(1.5)), one("glr-nb-theta", TRUE, alpha = 0.25, theta = log(1.5)),
    one("glr-nb", FALSE, alpha = 0.25), one("glr-nb-window", FALSE, alpha = 0.25, M = 26, Mtilde = 3),
    one("glr-nb-down", FALSE, alpha = 0.25, dir = "dec"), one("glr-nb-estimated", FALSE)
  )
}
judge <- function(series) {
  data <- inputs[inputs$series == series, ]
  n <- nrow(data)
  table <- sts(
    observed = matrix(data$count), epoch = as.numeric(as.Date(data$date)), epochAsDate = TRUE, freq = 52
  )
  plain <- create.disProg(week = 1:n, observed = data$count, state = rep(0, n), start = c(2016, 1), freq = 52)
  found <- c(ears(series, table), seasonal(series, plain, n), farrington_1996(series, table))
  if (!anyNA(data$count) && sum(data$count[1:104]) > 0) {
    found <- c(found, cusums(series, plain, 105:n), ratios(series, plain, 105:n))
  }
  do.call(rbind, found)
}
outputs <- do.call(rbind, lapply(unique(inputs$series), judge))
write.csv(format(outputs, digits = 17), files[2], row.names = FALSE, quote = FALSE)
