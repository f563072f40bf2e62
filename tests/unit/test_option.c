#include "serve/option.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(option, are_found_by_their_whole_name)
{
    const struct option *option = option_find("emit-every", 10);

    cr_assert_not_null(option);
    cr_assert_str_eq(option->name, "emit-every");
    cr_assert_eq(option_at(option_index(option)), option);
    cr_assert_null(option_find("emit-every", 4));
    cr_assert_null(option_find("", 0));
}

/* What --help says of an option is what the table knows: word, purpose, default. */
Test(option, are_all_in_the_help)
{
    char text[8192] = "";
    char line[256];
    FILE *out = fmemopen(text, sizeof text - 1, "w");
    const struct option *option;

    options_help(out);
    fclose(out);
    for (size_t i = 0; (option = option_at(i)) != NULL; i++) {
        snprintf(line, sizeof line, "--%s", option->name);
        cr_expect(strstr(text, line) != NULL, "%s", line);
        cr_expect(strstr(text, option->help) != NULL, "%s", option->help);
        if (option->initial != NULL) {
            snprintf(line, sizeof line, "%s; default: %s\n", option->help, option->initial);
            cr_expect(strstr(text, line) != NULL, "%s", line);
        }
    }
}

/* Each says what holds where it is not given, and each value can be taken. */
Test(option, are_complete)
{
    const struct option *option;

    for (size_t i = 0; (option = option_at(i)) != NULL; i++) {
        int is_value = option->kind == OPTION_VALUE || option->kind == OPTION_FLAG;

        cr_expect(!is_value || (option->initial == NULL) != (option->without == NULL), "%s",
                  option->name);
        cr_expect_eq(option->take != NULL,
                     option->value != NULL ? option->kind != OPTION_FILE : is_value, "%s",
                     option->name);
        cr_expect_leq(strlen(option->help), 72, "%s", option->name);
    }
}
