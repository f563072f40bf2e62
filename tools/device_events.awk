# A log of devices, for where there is no real one: events of count devices, in turn at random.
#
# A device goes round the states of its group and reports after each of them; one time in sixty it
# fails and starts again. What follows a report depends on the state before it, so whoever looks at
# one event only cannot know.

# Park and Miller 1988: the same numbers wherever awk has doubles.
function below(bound) {
    seed = (seed * 16807) % 2147483647
    return int(seed / 2147483647 * bound)
}

BEGIN {
    split("idle warming running cooling", states_of_heater, " ")
    split("empty filling pumping draining", states_of_pump, " ")
    seed = 1
    for (event = 0; event < count; event++) {
        device = below(60)
        heats = device % 2
        if (below(60) == 0) {
            symbol = "failed"
            at[device] = 0
        } else if (at[device] % 2 == 1) {
            symbol = "report"
            at[device]++
        } else {
            state = at[device] / 2 % 4 + 1
            symbol = heats ? states_of_heater[state] : states_of_pump[state]
            at[device]++
        }
        print (heats ? "heater-" : "pump-") device, symbol
    }
}
