#ifndef VERBS_H
#define VERBS_H

/*
 * The verbs of lattn, one file each. A verb is given the arguments from its own name on, puts
 * results on stdout and says everything else on stderr.
 */
enum verb_exit {
    VERB_DONE = 0,
    VERB_REFUSED = 1, /* it was understood, and could not be done or not all of it */
    VERB_MISUSED = 2  /* the command line asks for nothing that exists */
};

enum verb_exit gen_run(int argc, char **argv);
enum verb_exit feed_run(int argc, char **argv);
enum verb_exit publish_run(int argc, char **argv);
enum verb_exit status_run(int argc, char **argv);
enum verb_exit watch_run(int argc, char **argv);
enum verb_exit figure_run(int argc, char **argv);
enum verb_exit predict_run(int argc, char **argv);
enum verb_exit certify_run(int argc, char **argv);
enum verb_exit suggest_run(int argc, char **argv);
enum verb_exit model_run(int argc, char **argv);
enum verb_exit checkpoint_run(int argc, char **argv);
enum verb_exit aggregate_run(int argc, char **argv);
enum verb_exit merge_run(int argc, char **argv);
enum verb_exit run_run(int argc, char **argv);
enum verb_exit distance_run(int argc, char **argv);
enum verb_exit probe_run(int argc, char **argv);
enum verb_exit bench_run(int argc, char **argv);

#endif
