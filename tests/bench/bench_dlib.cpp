/*
 * dlib's recursive least squares as a contestant of bench_peers.py: bench_dlib D N learns as many
 * random pairs as each line on its standard input says, from tokens on, and prints the seconds
 * of the processor.
 */
#include <lattn/bench.h>
#include <lattn/model.h>

#include <dlib/svm.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <vector>

int main(int argc, char **argv)
{
    if (argc != 3)
        return EXIT_FAILURE;
    const int d = std::atoi(argv[1]);
    const int n = std::atoi(argv[2]);
    const long p = static_cast<long>(lattn_features(d));
    std::mt19937_64 generator(1);
    std::normal_distribution<double> normal;
    std::vector<double> z(static_cast<std::size_t>(n) * static_cast<std::size_t>(d));
    dlib::matrix<double, 0, 1> row(p);
    dlib::rls learner(1.0, 1e6);
    unsigned long rows;

    while (std::scanf("%lu", &rows) == 1) {
        std::clock_t took = 0;

        for (unsigned long i = 0; i < rows; i++) {
            for (double &number : z)
                number = normal(generator);
            const std::clock_t start = std::clock();
            lattn_item item = {};
            item.z = z.data();
            item.weight = 1;
            item.n = n;
            item.d = d;
            item.m = 1;
            const lattn_batch batch = {&item, 1};
            if (lattn_bench_features(&batch, row.begin()) != LATTN_OK)
                return EXIT_FAILURE;
            learner.train(row, z[0]);
            took += std::clock() - start;
        }
        std::printf("%.9g\n", static_cast<double>(took) / CLOCKS_PER_SEC);
        std::fflush(stdout);
    }
    return EXIT_SUCCESS;
}
