#include "csv.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The cells of a record, each in brackets; the complaint where it is refused. */
static const char *cut(const char *record)
{
    static char shown[512];
    struct lattn_complaint complaint = {""};
    struct csv_cells cells = {0};
    size_t length = strlen(record);
    char *copy = malloc(length + 1);
    size_t at = 0;

    memcpy(copy, record, length);
    if (csv_cells_cut(&cells, copy, length, &complaint) != LATTN_OK)
        snprintf(shown, sizeof shown, "%s", complaint.text);
    else
        for (size_t i = 0; i < cells.count; i++)
            at += (size_t)snprintf(shown + at, sizeof shown - at, "[%s]", cells.texts[i]);
    csv_cells_done(&cells);
    free(copy);
    return shown;
}

Test(csv, cuts_at_commas_without_quotes)
{
    cr_expect_str_eq(cut("a,b,c"), "[a][b][c]");
    cr_expect_str_eq(cut(""), "[]");
    cr_expect_str_eq(cut(","), "[][]");
    cr_expect_str_eq(cut(" a , b"), "[ a ][ b]");
    cr_expect_str_eq(cut("a,b\r"), "[a][b]");
    cr_expect_str_eq(cut("\"a,b\",c"), "[a,b][c]");
    cr_expect_str_eq(cut("\"a\nb\",\"\""), "[a\nb][]");
    cr_expect_str_eq(cut("\"say \"\"so\"\"\",\"\"\"\"\r"), "[say \"so\"][\"]");
}

Test(csv, refuses_quotes_out_of_place)
{
    cr_expect_str_eq(cut("a,b\"c\""), "cell 2: a quote within a cell that does not begin with one");
    cr_expect_str_eq(cut("\"a\"b,c"), "cell 1: there is something behind its closing quote");
    cr_expect_str_eq(cut("a,\"b,c"), "cell 2: its quote is not closed");
    cr_expect_str_eq(cut("\"a\"\""), "cell 1: its quote is not closed");
}

Test(csv, refuses_a_zero_byte)
{
    struct lattn_complaint complaint;
    struct csv_cells cells = {0};
    char record[] = "a\0b";

    cr_expect_eq(csv_cells_cut(&cells, record, 3, &complaint), LATTN_SYNTAX);
    csv_cells_done(&cells);
}

/* Where the record ends by the rule alone: a byte at a time, quotes counted. */
static size_t end_by_rule(const char *text)
{
    int quoted = 0;
    int begins = 1;

    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == '\n' && !quoted)
            return i;
        if (quoted && text[i] == '"' && text[i + 1] == '"')
            i++;
        else if (text[i] == '"' && (quoted || begins))
            quoted = !quoted;
        begins = !quoted && text[i] == ',';
    }
    return strlen(text);
}

Test(csv, finds_the_same_end_in_any_pieces)
{
    static const char letters[] = "a,\"\n";
    char text[8] = "";

    for (uint32_t number = 0; number < 1u << 14; number++) {
        size_t end;

        for (int i = 0; i < 7; i++)
            text[i] = letters[number >> 2 * i & 3];
        end = end_by_rule(text);
        for (size_t piece = 1; piece <= 7; piece++) {
            struct csv_scan scan = {0};
            const char *found = NULL;

            for (size_t at = 0; at < 7 && found == NULL; at += piece)
                found = csv_scan(&scan, text + at, at + piece < 7 ? piece : 7 - at);
            cr_assert_eq(found == NULL ? 7 : (size_t)(found - text), end, "%s in pieces of %zu",
                         text, piece);
        }
    }
}

static double number(const char *cell)
{
    double value = NAN;

    cr_expect_eq(csv_number_read(cell, &value), LATTN_OK, "\"%s\"", cell);
    return value;
}

Test(csv, reads_decimal_numbers)
{
    cr_expect_eq(number("0"), 0);
    cr_expect_eq(number("-12.5"), -12.5);
    cr_expect_eq(number("+3"), 3);
    cr_expect_eq(number(".5"), 0.5);
    cr_expect_eq(number("5."), 5);
    cr_expect_eq(number(" \t1e-3 "), 1e-3);
    cr_expect_eq(number("007"), 7);
    cr_expect_eq(number("1E+2"), 100);
    cr_expect_eq(number("0.1000000000000000055511151231257827"), 0.1);
    cr_expect_eq(number("1e-400"), 0);
}

Test(csv, refuses_what_is_no_finite_number)
{
    static const char *const texts[] = {"abc", "1,5", "1 2", "0x10", "nan",  "inf", "-",    ".",
                                        "e5",  "1e",  "1e+", "--1",  "1..2", "1_0", "1.2.3"};
    double value;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cr_expect_eq(csv_number_read(texts[i], &value), LATTN_SYNTAX, "%s", texts[i]);
    cr_expect_eq(csv_number_read("", &value), LATTN_EMPTY);
    cr_expect_eq(csv_number_read("  ", &value), LATTN_EMPTY);
    cr_expect_eq(csv_number_read("1e999", &value), LATTN_NOT_FINITE);
    cr_expect_eq(csv_number_read("-1e999", &value), LATTN_NOT_FINITE);
}
