/*
 * Adapter to OpenBLAS: CBLAS for products and triangles, LAPACK's Fortran interface (with our own
 * workspace) for factorisations. LAPACK reports info < 0 for a wrong argument, which is our
 * mistake.
 */
#include "core/dense.h"

#include "base/memory.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <string.h>

void dgeev_(const char *jobvl, const char *jobvr, const int *n, double *a, const int *lda,
            double *wr, double *wi, double *vl, const int *ldvl, double *vr, const int *ldvr,
            double *work, const int *lwork, int *info, size_t jobvl_length, size_t jobvr_length);
void dgelsy_(const int *m, const int *n, const int *nrhs, double *a, const int *lda, double *b,
             const int *ldb, int *jpvt, const double *rcond, int *rank, double *work,
             const int *lwork, int *info);
void dgeqp3_(const int *m, const int *n, double *a, const int *lda, int *jpvt, double *tau,
             double *work, const int *lwork, int *info);
void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work,
             const int *lwork, int *info);
void dormqr_(const char *side, const char *trans, const int *m, const int *n, const int *k,
             const double *a, const int *lda, const double *tau, double *c, const int *ldc,
             double *work, const int *lwork, int *info, size_t side_length, size_t trans_length);
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s,
             double *u, const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork,
             int *iwork, int *info, size_t jobz_length);
void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *ipiv, int *info);
void dgetrs_(const char *trans, const int *n, const int *nrhs, const double *a, const int *lda,
             const int *ipiv, double *b, const int *ldb, int *info, size_t trans_length);
void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau,
             double *work, const int *lwork, int *info);
void dgelqf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work,
             const int *lwork, int *info);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info,
             size_t uplo_length);
void dpstrf_(const char *uplo, const int *n, double *a, const int *lda, int *pivot, int *rank,
             const double *least, double *work, int *info, size_t uplo_length);
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info,
             size_t jobz_length, size_t uplo_length);
void dsterf_(const int *n, double *d, double *e, int *info);

enum {
    /* Columns to a row from which a decomposition begins with a triangle; LAPACK has 11/6. */
    WIDE_LEAST = 2,
    /* So few columns are multiplied and solved one by one: a product of matrices begins by copying
     * them all, which takes longer then. */
    COLUMNS_FEW = 2
};

static_assert(sizeof(int) == sizeof(int32_t), "LAPACK's integers are int32_t");

static int leading(size_t ld)
{
    assert(ld <= INT_MAX);
    return (int)ld;
}

static CBLAS_TRANSPOSE transposition(enum dense_side side)
{
    return side == DENSE_TRANSPOSED ? CblasTrans : CblasNoTrans;
}

void dense_threads_one(void)
{
    dense_threads_set(1);
}

void dense_threads_set(int32_t threads)
{
    openblas_set_num_threads(threads);
}

double dense_norm(int32_t n, const double *x)
{
    return cblas_dnrm2(n, x, 1);
}

double dense_dot(int32_t n, const double *x, const double *y)
{
    return cblas_ddot(n, x, 1, y, 1);
}

void dense_add(int32_t n, double alpha, const double *x, double *y)
{
    cblas_daxpy(n, alpha, x, 1, y, 1);
}

void dense_multiply(enum dense_side side, int32_t m, int32_t n, int32_t k, double alpha,
                    const double *a, size_t lda, const double *b, size_t ldb, double beta,
                    double *c, size_t ldc)
{
    int32_t rows = side == DENSE_TRANSPOSED ? k : m, columns = side == DENSE_TRANSPOSED ? m : k;

    if (n > COLUMNS_FEW)
        cblas_dgemm(CblasRowMajor, transposition(side), CblasNoTrans, m, n, k, alpha, a,
                    leading(lda), b, leading(ldb), beta, c, leading(ldc));
    else
        for (int32_t j = 0; j < n; j++)
            cblas_dgemv(CblasRowMajor, transposition(side), rows, columns, alpha, a, leading(lda),
                        b + j, leading(ldb), beta, c + j, leading(ldc));
}

void dense_multiply_rows(int32_t m, int32_t n, int32_t k, double alpha, const double *a, size_t lda,
                         const double *b, size_t ldb, double beta, double *c, size_t ldc)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, alpha, a, leading(lda), b,
                leading(ldb), beta, c, leading(ldc));
}

void dense_multiply_vector(enum dense_side side, int32_t m, int32_t n, double alpha,
                           const double *a, size_t lda, const double *x, double beta, double *y)
{
    cblas_dgemv(CblasRowMajor, transposition(side), m, n, alpha, a, leading(lda), x, 1, beta, y, 1);
}

void dense_triangle_multiply(enum dense_side side, int32_t n, const double *r, size_t ldr,
                             double *x)
{
    cblas_dtrmv(CblasRowMajor, CblasUpper, transposition(side), CblasNonUnit, n, r, leading(ldr), x,
                1);
}

void dense_triangle_multiply_many(enum dense_side side, int32_t n, int32_t columns, const double *r,
                                  size_t ldr, double *x, size_t ldx)
{
    cblas_dtrmm(CblasRowMajor, CblasLeft, CblasUpper, transposition(side), CblasNonUnit, n, columns,
                1.0, r, leading(ldr), x, leading(ldx));
}

void dense_triangle_multiply_rows(enum dense_half half, enum dense_side side, int32_t rows,
                                  int32_t n, const double *t, size_t ldt, double *x, size_t ldx)
{
    cblas_dtrmm(CblasRowMajor, CblasRight, half == DENSE_UPPER ? CblasUpper : CblasLower,
                transposition(side), CblasNonUnit, rows, n, 1, t, leading(ldt), x, leading(ldx));
}

void dense_triangle_solve(enum dense_side side, int32_t n, const double *r, size_t ldr, double *x)
{
    cblas_dtrsv(CblasRowMajor, CblasUpper, transposition(side), CblasNonUnit, n, r, leading(ldr), x,
                1);
}

void dense_triangle_solve_many(enum dense_side side, int32_t n, int32_t columns, const double *r,
                               size_t ldr, double *x, size_t ldx)
{
    if (columns > COLUMNS_FEW)
        cblas_dtrsm(CblasRowMajor, CblasLeft, CblasUpper, transposition(side), CblasNonUnit, n,
                    columns, 1.0, r, leading(ldr), x, leading(ldx));
    else
        for (int32_t j = 0; j < columns; j++)
            cblas_dtrsv(CblasRowMajor, CblasUpper, transposition(side), CblasNonUnit, n, r,
                        leading(ldr), x + j, leading(ldx));
}

/*
 * What a routine of LAPACK works in: it is called twice, and the first time only asks for it.
 *
 *     workspace_ask(&space);
 *     do {
 *         dgeqrf_(..., space.work, &space.length, &info);
 *     } while (workspace_next(&space, &status));
 *
 * In the end status is LATTN_OK, or LATTN_NO_MEMORY where it was not called again.
 */
struct workspace {
    double *work;
    int length;
    double asked;
};

static void workspace_ask(struct workspace *space)
{
    *space = (struct workspace){.work = &space->asked, .length = -1};
}

/* Does the routine have to be called once more? */
static int workspace_next(struct workspace *space, enum lattn_status *ret_status)
{
    *ret_status = LATTN_OK;
    if (space->work != &space->asked) {
        memory_release(space->work);
        return 0;
    }
    assert(space->asked <= INT_MAX);
    space->length = (int)space->asked;
    space->work = memory_raw((size_t)space->length, sizeof *space->work);
    if (space->work == NULL)
        *ret_status = LATTN_NO_MEMORY;
    return space->work != NULL;
}

enum lattn_status dense_cholesky(int32_t n, double *a, size_t lda)
{
    int ld = leading(lda);
    int info;

    /* The upper triangle by rows is the lower one by columns, L = R'. */
    dpotrf_("L", &n, a, &ld, &info, 1);
    assert(info >= 0);
    return info == 0 ? LATTN_OK : LATTN_RANK;
}

enum lattn_status dense_pivoted_cholesky(int32_t n, double *a, size_t lda, double least,
                                         int32_t *pivot, int32_t *ret_rank)
{
    int ld = leading(lda);
    int info;
    double *work = memory_raw((size_t)n, 2 * sizeof *work);

    if (work == NULL)
        return LATTN_NO_MEMORY;
    dpstrf_("L", &n, a, &ld, pivot, ret_rank, &least, work, &info, 1);
    assert(info >= 0);
    for (int32_t i = 0; i < n; i++)
        pivot[i]--;
    memory_release(work);
    return LATTN_OK;
}

/* Rows are LAPACK's columns: A' = L Q is A = Q'L'. */
enum lattn_status dense_triangularise(int32_t k, int32_t n, double *rows, size_t ld)
{
    int lda = leading(ld);
    int info;
    struct workspace space;
    double *tau = memory_raw((size_t)k, sizeof *tau);
    enum lattn_status status;

    assert(0 < k && k <= n);
    if (tau == NULL)
        return LATTN_NO_MEMORY;
    workspace_ask(&space);
    do {
        dgelqf_(&n, &k, rows, &lda, tau, space.work, &space.length, &info);
        assert(info == 0);
    } while (workspace_next(&space, &status));
    memory_release(tau);
    return status;
}

enum lattn_status dense_symmetric(int32_t n, double *a, double *values)
{
    int info;
    int integers_length = 3 + 5 * n; /* as dsyevd is documented */
    int *integers = memory_raw((size_t)integers_length, sizeof *integers);
    struct workspace space;
    enum lattn_status status;

    if (integers == NULL)
        return LATTN_NO_MEMORY;
    workspace_ask(&space);
    do {
        dsyevd_("V", "L", &n, a, &n, values, space.work, &space.length, integers, &integers_length,
                &info, 1, 1);
        assert(info >= 0);
    } while (workspace_next(&space, &status));
    memory_release(integers);
    return info == 0 ? status : LATTN_NO_CONVERGENCE;
}

/* R of the reflectors in the columns of a (n x k), as rows with zeros below the diagonal. */
static void triangle_read(int32_t n, int32_t k, const double *a, double *r)
{
    for (int32_t i = 0; i < k; i++)
        for (int32_t j = 0; j < k; j++)
            r[(size_t)i * (size_t)k + (size_t)j] =
                i <= j ? a[(size_t)j * (size_t)n + (size_t)i] : 0;
}

/* The columns of a (n x k) become R and k reflectors. */
static enum lattn_status reflectors_make(int32_t n, int32_t k, double *a, double *tau)
{
    int info;
    struct workspace space;
    enum lattn_status status;

    workspace_ask(&space);
    do {
        dgeqrf_(&n, &k, a, &n, tau, space.work, &space.length, &info);
        assert(info == 0);
    } while (workspace_next(&space, &status));
    return status;
}

/* Q itself in the place of its reflectors. */
static enum lattn_status reflectors_spread(int32_t n, int32_t k, double *a, const double *tau)
{
    int info;
    struct workspace space;
    enum lattn_status status;

    workspace_ask(&space);
    do {
        dorgqr_(&n, &k, &k, a, &n, tau, space.work, &space.length, &info);
        assert(info == 0);
    } while (workspace_next(&space, &status));
    return status;
}

enum lattn_status dense_orthonormalise(int32_t n, int32_t k, double *rows, double *r)
{
    double *tau = memory_raw((size_t)k, sizeof *tau);
    enum lattn_status status;

    assert(0 < k && k <= n);
    if (tau == NULL)
        return LATTN_NO_MEMORY;
    status = reflectors_make(n, k, rows, tau);
    if (status == LATTN_OK) {
        triangle_read(n, k, rows, r);
        status = reflectors_spread(n, k, rows, tau);
    }
    memory_release(tau);
    return status;
}

/* B = Q'B or Q B, Q the k reflectors in the columns of a (m x k). */
static enum lattn_status reflectors_apply(const char *trans, int32_t m, int32_t q, int32_t k,
                                          const double *a, const double *tau, double *b,
                                          int32_t ldb)
{
    int info;
    struct workspace space;
    enum lattn_status status;

    if (q == 0)
        return LATTN_OK;
    workspace_ask(&space);
    do {
        dormqr_("L", trans, &m, &q, &k, a, &m, tau, b, &ldb, space.work, &space.length, &info, 1,
                1);
        assert(info == 0);
    } while (workspace_next(&space, &status));
    return status;
}

enum lattn_status dense_pivoted_qr(int32_t n, double *columns, int32_t *pivot, double *tau,
                                   int32_t q, double *b)
{
    int info;
    struct workspace space;
    enum lattn_status status;

    for (int32_t i = 0; i < n; i++)
        pivot[i] = 0;
    workspace_ask(&space);
    do {
        dgeqp3_(&n, &n, columns, &n, pivot, tau, space.work, &space.length, &info);
        assert(info == 0);
    } while (workspace_next(&space, &status));
    if (status != LATTN_OK)
        return status;
    for (int32_t i = 0; i < n; i++)
        pivot[i]--;
    return reflectors_apply("T", n, q, n, columns, tau, b, n);
}

enum lattn_status dense_lu(int32_t n, double *a, int32_t *pivot)
{
    int info;

    dgetrf_(&n, &n, a, &n, pivot, &info);
    assert(info >= 0);
    return info == 0 ? LATTN_OK : LATTN_RANK;
}

/* LAPACK sees the transposed matrix, and the rows of b as columns. */
void dense_lu_solve(int32_t n, const double *a, const int32_t *pivot, int32_t q, double *b)
{
    int info;

    dgetrs_("T", &n, &q, a, &n, pivot, b, &n, &info, 1);
    assert(info == 0);
}

enum lattn_status dense_least_squares(int32_t m, int32_t n, double *a, int32_t q, double *b,
                                      double cutoff, int32_t *ret_rank)
{
    int rows = m > n ? m : n;
    int rank;
    int info;
    struct workspace space;
    int *pivot = memory_zeroed((size_t)n, sizeof *pivot);
    enum lattn_status status;

    if (pivot == NULL)
        return LATTN_NO_MEMORY;
    workspace_ask(&space);
    do {
        dgelsy_(&m, &n, &q, a, &m, b, &rows, pivot, &cutoff, &rank, space.work, &space.length,
                &info);
        assert(info == 0);
    } while (workspace_next(&space, &status));
    if (status == LATTN_OK && ret_rank != NULL)
        *ret_rank = rank;
    memory_release(pivot);
    return status;
}

enum lattn_status dense_eigenvalues(int32_t n, double *a, double *ret_real, double *ret_imaginary)
{
    int one = 1;
    int info;
    struct workspace space;
    enum lattn_status status;

    workspace_ask(&space);
    do {
        dgeev_("N", "N", &n, a, &n, ret_real, ret_imaginary, NULL, &one, NULL, &one, space.work,
               &space.length, &info, 1, 1);
        assert(info >= 0);
    } while (workspace_next(&space, &status));
    return info == 0 ? status : LATTN_NO_CONVERGENCE;
}

enum lattn_status dense_minimum_norm(int32_t n, int32_t r, double *transposed, int32_t q, double *x)
{
    double *tau = memory_raw((size_t)r, sizeof *tau);
    enum lattn_status status;

    assert(0 < r && r <= n);
    if (tau == NULL)
        return LATTN_NO_MEMORY;
    status = reflectors_make(n, r, transposed, tau);
    if (status != LATTN_OK)
        goto done;
    /* A' = Q R, so A X = R'Q'X = B is solved by X = Q R^-T B, which lies in the row space. */
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasUpper, CblasTrans, CblasNonUnit, r, q, 1.0,
                transposed, n, x, n);
    for (int32_t column = 0; column < q; column++)
        for (int32_t i = r; i < n; i++)
            x[(size_t)column * (size_t)n + (size_t)i] = 0;
    status = reflectors_apply("N", n, q, r, transposed, tau, x, n);
done:
    memory_release(tau);
    return status;
}

static enum lattn_status svd(int32_t m, int32_t n, double *a, double *s, double *u, double *vt)
{
    const char *job = u != NULL ? "S" : "N";
    int least = m < n ? m : n;
    int info;
    struct workspace space;
    int *integers = memory_raw((size_t)least * 8, sizeof *integers);
    enum lattn_status status;

    if (integers == NULL)
        return LATTN_NO_MEMORY;
    workspace_ask(&space);
    do {
        dgesdd_(job, &m, &n, a, &m, s, u, &m, vt, &least, space.work, &space.length, integers,
                &info, 1);
        assert(info >= 0);
    } while (workspace_next(&space, &status));
    memory_release(integers);
    return info == 0 ? status : LATTN_NO_CONVERGENCE;
}

/*
 * A' = Q R has columns that lie in a row in memory, R' = U diag(s) W' is small, and V' = W'Q'. The
 * LQ factorisation that LAPACK begins with strides through A: three times as long at 256 x 65536.
 */
static enum lattn_status wide_svd(int32_t m, int32_t n, double *a, double *s, double *u, double *vt)
{
    size_t rows = (size_t)m, columns = (size_t)n;
    double *r = memory_raw(rows * rows, sizeof *r);
    double *turned = memory_raw(rows * rows, sizeof *turned);
    enum lattn_status status = r == NULL || turned == NULL ? LATTN_NO_MEMORY : LATTN_OK;

    for (size_t i = 0; status == LATTN_OK && i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            vt[i * columns + j] = a[j * rows + i];
    if (status == LATTN_OK)
        status = dense_orthonormalise(n, m, vt, r);
    if (status == LATTN_OK)
        status = svd(m, m, r, s, u, turned);
    if (status == LATTN_OK) {
        dense_multiply(DENSE_TRANSPOSED, n, m, m, 1, vt, columns, turned, rows, 0, a, rows);
        memcpy(vt, a, rows * columns * sizeof *a);
    }
    memory_release(r);
    memory_release(turned);
    return status;
}

enum lattn_status dense_svd(int32_t m, int32_t n, double *a, double *s, double *u, double *vt)
{
    return u != NULL && n / WIDE_LEAST >= m ? wide_svd(m, n, a, s, u, vt) : svd(m, n, a, s, u, vt);
}

enum lattn_status dense_tridiagonal(int32_t n, double *diagonal, double *offdiagonal)
{
    int info;

    dsterf_(&n, diagonal, offdiagonal, &info);
    assert(info >= 0);
    return info == 0 ? LATTN_OK : LATTN_NO_CONVERGENCE;
}
