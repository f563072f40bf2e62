# A few predictions in words, each for another key after another symbol, the latest first.
#
#     awk -v shown=N -f words.awk PREDICTIONS EVENTS

FNR == 1 {
    file++
}

file == 1 {
    prediction[FNR] = $0
    next
}

{
    symbol[FNR] = $2
}

END {
    for (i = FNR; i > 0 && shown > 0; i--) {
        split(prediction[i], fields, "\t")
        if (symbol[i] in told || fields[1] in told)
            continue
        told[symbol[i]] = told[fields[1]] = 1
        shown--
        printf "  %s: %s -> %s next (%s, %s)\n", fields[1], symbol[i], fields[2], fields[3], fields[4]
    }
}
