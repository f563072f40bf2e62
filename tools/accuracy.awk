# How often was the next symbol of a key right, on the events after the first half?
#
#     awk -v half=N -f accuracy.awk PREDICTIONS EVENTS
#
# Line i of PREDICTIONS (KEY NEXT SHARE determined|undetermined, between tabs) was made right after
# line i of EVENTS (KEY SYMBOL). An n-gram is the commonest successor of the last n - 1 symbols of
# the key in the first half; what never came there counts as wrong. All are judged on the same
# events: those whose key has a past.

function learn(context, symbol) {
    if (++times[context, symbol] > most[context]) {
        most[context] = times[context, symbol]
        guess[context] = symbol
    }
}

function percent(part, whole) {
    return whole == 0 ? "   -" : sprintf("%5.1f %%", 100 * part / whole)
}

FNR == 1 {
    file++
}

file == 1 {
    split($0, fields, "\t")
    next_of[FNR] = fields[2]
    determined[FNR] = fields[4] == "determined"
    next
}

{
    key = $1
    symbol = $2
    if (key in previous) {
        short = "1 " last[key]
        long = "3 " before2[key] " " before[key] " " last[key]
        if (FNR <= half) {
            learn(short, symbol)
            learn(long, symbol)
        } else {
            made = previous[key]
            right = next_of[made] == symbol
            judged++
            hits += right
            sure += determined[made]
            sure_hits += determined[made] && right
            bigram_hits += guess[short] == symbol
            fourgram_hits += guess[long] == symbol
        }
    }
    previous[key] = FNR
    before2[key] = before[key]
    before[key] = last[key]
    last[key] = symbol
}

END {
    printf "next symbol right, of %d events that were not learned:\n", judged
    printf "  linear attention  %s\n", percent(hits, judged)
    printf "  bigram            %s\n", percent(bigram_hits, judged)
    printf "  4-gram            %s\n", percent(fourgram_hits, judged)
    printf "  determined by the first half: %s of the predictions, %s of them right\n",
        percent(sure, judged), percent(sure_hits, sure)
}
