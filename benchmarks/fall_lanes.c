/* The limit for `make bench`: the scheme of tocsin.kernels.lanes written again in C, structure of arrays, one core.
 *
 * Same physics (J2 gravity, rotation, US Standard Atmosphere 1976 from a table that the caller makes, deviation and
 * wind), same method (Tsit5, own step length and error control in each lane, steps that end at the atmosphere's
 * corners, lanes refilled), same tolerances: so both sides do the same work, and what differs is the compiler.
 * Meant for -O3 -march=native -ffast-math. The table comes from the caller, all other numbers from a header that it writes.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifndef LANES
#define LANES 32
#endif
#define EACH for (int n = 0; n < LANES; n++)

typedef double row[LANES] __attribute__((aligned(64)));

/* Numbers known when this is compiled, as they are to the other side: benchmarks/c_limit.py writes the header. */
#define CORNERS 14
static const struct {
    double gm, a, flattening, rate, j2, us76_radius;                             /* m, s, rad */
    double cell_m, ground_cell, fine_cells, coarse_from_m, coarse_m, last_cell; /* the density table */
    double tolerance_m, tolerance_m_s, longest_s, shortest_s, at_corner_m;
    double a_rows[7][6], aa_rows[7][6], c[7], e[7], ea[6], corners_m[CORNERS];
} S = {
#include "numbers.h"
};

typedef struct {
    row y[6], at[6], free_[3], height, inverse_r, sine2, cell, density, wind[3];
    row half, dev, dev_rise, east, north, k[7][3];
    row step, wish, error, keep, asks, time, from_m, above, below;
} group;

static inline double low(double a, double b) { return a < b ? a : b; }
static inline double high(double a, double b) { return a > b ? a : b; }

static void slope(group *restrict g, const double (*restrict table)[4], int stage, int windy)
{
    const double factor2 = 1.5 * S.j2 * S.a * S.a, f = S.flattening, w = S.rate, a = S.a, gm = S.gm;
    const double per_cell = 1.0 / S.cell_m, per_coarse = 1.0 / S.coarse_m, per_radius = 1.0 / S.us76_radius;
    const double ground = S.ground_cell, fine_cells = S.fine_cells, from = S.coarse_from_m, last = S.last_cell;
    EACH {
        double x = g->at[0][n], y = g->at[1][n], z = g->at[2][n];
        double r2 = x * x + y * y + z * z, ir = 1.0 / sqrt(r2), ir2 = ir * ir, u = z * z * ir2;
        double k = -gm * ir * ir2, q = factor2 * ir2, level = k * (1.0 + q * (1.0 - 5.0 * u)) + w * w;
        g->free_[0][n] = level * x + 2.0 * w * g->at[4][n];
        g->free_[1][n] = level * y - 2.0 * w * g->at[3][n];
        g->free_[2][n] = k * (1.0 + q * (3.0 - 5.0 * u)) * z;
        double v = a * ir, third = f * (u + 4.0 * v * (1.0 - 2.0 * u) * (1.0 - 2.0 * v));
        double second = 0.5 * f * f * (1.0 - u) * (4.0 * v - 1.0 - third);
        double h = r2 * ir - a + a * u * (f + second), d = h * per_radius;
        double fine = h * (1.0 - d * (1.0 - d * (1.0 - d * (1.0 - d)))) * per_cell + ground;
        double coarse = (h - from) * per_coarse + fine_cells;
        g->cell[n] = low(high(fine < fine_cells ? fine : coarse, 0.0), last);
        g->height[n] = h;
        g->inverse_r[n] = ir;
        g->sine2[n] = u;
    }
    EACH {
        int i = (int)g->cell[n];
        double t = g->cell[n] - i;
        g->density[n] = table[i][0] + t * (table[i][1] + t * (table[i][2] + t * table[i][3]));
    }
    if (windy) EACH {
        double x = g->at[0][n], y = g->at[1][n], u = g->sine2[n], ir = g->inverse_r[n], h = g->height[n];
        double p2 = x * x + y * y, ip = 1.0 / sqrt(high(p2, 1.0)), v = a * ir;
        double more = 2.0 + f * (4.0 * v - 1.0 + u * (2.0 - 10.0 * v));
        double less = 2.0 - f * (1.0 - 6.0 * v + u * (10.0 * v - 2.0));
        double sin_lat = g->at[2][n] * ir * (1.0 + f * v * (1.0 - u) * more), cos_lat = p2 * ip * ir * (1.0 - f * v * u * less);
        double up = high(0.3 + h * (0.7 / 12000.0), 0.3);
        double down = high(1.0 - (h - 12000.0) * (0.7 / 13000.0), high((80000.0 - h) * (0.3 / 55000.0), 0.0));
        double east = g->east[n] * low(up, down), north = g->north[n] * low(up, down);
        g->wind[0][n] = -ip * (y * east + x * north * sin_lat);
        g->wind[1][n] = ip * (x * east - y * north * sin_lat);
        g->wind[2][n] = cos_lat * north;
    }
    EACH {
        double share = low(high((g->height[n] - 20000.0) * (1.0 / 60000.0), 0.0), 1.0);
        double factor = high(1.0 + g->dev[n] + g->dev_rise[n] * share, 0.05);
        double rx = g->at[3][n] - g->wind[0][n], ry = g->at[4][n] - g->wind[1][n], rz = g->at[5][n] - g->wind[2][n];
        double k = g->half[n] * g->density[n] * factor * sqrt(rx * rx + ry * ry + rz * rz);
        g->k[stage][0][n] = g->free_[0][n] - k * rx;
        g->k[stage][1][n] = g->free_[1][n] - k * ry;
        g->k[stage][2][n] = g->free_[2][n] - k * rz;
    }
}

static void step(group *restrict g, const double (*restrict table)[4], int windy, double limit)
{
    EACH {
        double above = 1e9, below = -1e9, h = g->from_m[n];
#pragma GCC unroll 16 /* else this loop stands in the way of the vector code */
        for (int i = 0; i < CORNERS; i++) {
            double c = S.corners_m[i];
            above = (c > h + S.at_corner_m) & (c < above) ? c : above;
            below = (c < h - S.at_corner_m) & (c > below) ? c : below;
        }
        g->above[n] = above;
        g->below[n] = below;
    }
    EACH {
        double x = g->y[0][n], y = g->y[1][n], z = g->y[2][n], vx = g->y[3][n], vy = g->y[4][n], vz = g->y[5][n];
        double ir = 1.0 / sqrt(x * x + y * y + z * z), sine = z * ir, outward = (x * vx + y * vy + z * vz) * ir;
        double rise = outward + 2.0 * S.a * S.flattening * sine * (vz - sine * outward) * ir;
        double push = g->k[0][0][n] * x + g->k[0][1][n] * y + g->k[0][2][n] * z;
        double turn = (push + vx * vx + vy * vy + vz * vz - outward * outward) * ir;
        double way = (rise > 0.0 ? g->above[n] : g->below[n]) - g->from_m[n], under = rise * rise + 2.0 * turn * way;
        double root = sqrt(high(under, 0.0)), pace = rise + (rise > 0.0 ? root : -root);
        double meet = 2.0 * way / (fabs(pace) > 1e-3 ? pace : 1e-3), wish = g->wish[n];
        double h = (under > 0.0) & (meet > 0.0) & (meet < wish) ? meet : wish;
        g->step[n] = low(h, limit - g->time[n]);
    }
    for (int stage = 1; stage < 7; stage++) {
        const double *restrict b = S.a_rows[stage], *restrict bb = S.aa_rows[stage], c = S.c[stage];
        for (int i = 0; i < 3; i++) EACH {
            double h = g->step[n], v = g->y[3 + i][n], gain = 0.0, bend = 0.0;
            for (int j = 0; j < 6; j++) {
                gain += b[j] * g->k[j][i][n];
                bend += bb[j] * g->k[j][i][n];
            }
            g->at[3 + i][n] = v + h * gain;
            g->at[i][n] = g->y[i][n] + h * (c * v + h * bend);
        }
        slope(g, table, stage, windy);
    }
    EACH g->error[n] = 0.0;
    for (int i = 0; i < 3; i++) EACH {
        double h = g->step[n], gain = S.e[6] * g->k[6][i][n], bend = 0.0;
        for (int j = 0; j < 6; j++) {
            gain += S.e[j] * g->k[j][i][n];
            bend += S.ea[j] * g->k[j][i][n];
        }
        double fast = h * gain * (1.0 / S.tolerance_m_s), far = h * h * bend * (1.0 / S.tolerance_m);
        g->error[n] += fast * fast + far * far;
    }
    EACH {
        int kept = (g->error[n] <= 1.0) | (g->step[n] <= S.shortest_s);
        g->keep[n] = kept ? 1.0 : 0.0;
        g->asks[n] = kept & ((g->height[n] <= 0.0) | (limit - g->time[n] - g->step[n] <= 1e-9)) ? 1.0 : 0.0;
    }
}

static void settle(group *restrict g)
{
    EACH {
        double root8 = sqrt(sqrt(sqrt(g->error[n] + 1e-20))), h = g->step[n], wished = g->wish[n];
        double change = low(high(0.9 / sqrt(root8 * sqrt(root8)), 0.2), 5.0), wish = h * change;
        int kept = g->keep[n] > 0.0;
        wish = kept & (change > 1.0) & (wished > wish) ? wished : wish;
        g->wish[n] = low(high(wish, S.shortest_s), S.longest_s);
        g->time[n] += kept ? h : 0.0;
        g->from_m[n] = kept ? g->height[n] : g->from_m[n];
    }
    for (int i = 0; i < 3; i++) EACH {
        int kept = g->keep[n] > 0.0;
        g->y[i][n] = kept ? g->at[i][n] : g->y[i][n];
        g->y[3 + i][n] = kept ? g->at[3 + i][n] : g->y[3 + i][n];
        g->k[0][i][n] = kept ? g->k[6][i][n] : g->k[0][i][n];
    }
}

/* Height over the ellipsoid and its rate (Bowring, two rounds), m and m per unit of v. */
static double height_of(const double p[3], const double v[3], double *rate)
{
    double a = S.a, f = S.flattening, b = a * (1.0 - f), e2 = f * (2.0 - f), ee2 = e2 / (1.0 - e2);
    double q = sqrt(p[0] * p[0] + p[1] * p[1]), z = p[2], r = sqrt(q * q + z * z);
    double sb = b * z * (1.0 + ee2 * b / r), cb = a * q, sl = 0.0, cl = 1.0;
    for (int i = 0; i < 2; i++) {
        double m = 1.0 / sqrt(sb * sb + cb * cb);
        sb *= m, cb *= m;
        sl = z + ee2 * b * sb * sb * sb;
        cl = q - e2 * a * cb * cb * cb;
        sb = (1.0 - f) * sl, cb = cl;
    }
    double m = 1.0 / sqrt(sl * sl + cl * cl);
    sl *= m, cl *= m;
    *rate = cl * (p[0] * v[0] + p[1] * v[1]) / high(q, 1.0) + sl * v[2];
    return q * cl + z * sl - a * sqrt(1.0 - e2 * sl * sl);
}

static double ground(const group *g, int n, double p[3])
{
    double h = g->step[n], c[3][6], v[3], bottom = 0.0, top = 1.0, t = 1.0;
    for (int i = 0; i < 3; i++) {
        double v0 = h * g->y[3 + i][n], a0 = 0.5 * h * h * g->k[0][i][n], rise = g->at[i][n] - g->y[i][n] - v0 - a0;
        double turn = h * g->at[3 + i][n] - v0 - 2.0 * a0, bend = 0.5 * h * h * g->k[6][i][n] - a0;
        c[i][0] = g->y[i][n], c[i][1] = v0, c[i][2] = a0;
        c[i][3] = 10.0 * rise - 4.0 * turn + bend;
        c[i][4] = -15.0 * rise + 7.0 * turn - 2.0 * bend;
        c[i][5] = 6.0 * rise - 3.0 * turn + bend;
    }
    for (int round = 0; round < 60; round++) {
        double rate, height, guess;
        for (int i = 0; i < 3; i++) {
            const double *d = c[i];
            p[i] = d[0] + t * (d[1] + t * (d[2] + t * (d[3] + t * (d[4] + t * d[5]))));
            v[i] = d[1] + t * (2.0 * d[2] + t * (3.0 * d[3] + t * (4.0 * d[4] + t * 5.0 * d[5])));
        }
        height = height_of(p, v, &rate);
        if (fabs(height) < 1e-5) break;
        if (height > 0.0) bottom = t; else top = t;
        guess = rate < 0.0 ? t - height / rate : bottom;
        t = guess > bottom && guess < top ? guess : 0.5 * (bottom + top);
    }
    return t * h;
}

/* states (count, 6), beta (count), air (count, 4) -> impact (count, 3), time (count); nan where none in `limit` s.
 * Only for rows that start above the ground. */
void fall_lanes(int64_t count, const double *states, const double *beta, const double *air, double limit,
                const double (*table)[4], double *impact, double *time_s)
{
    static _Thread_local group g;
    int64_t rows[LANES], next = 0;
    int windy = 0, changed = 1;
    memset(&g, 0, sizeof g);
    EACH rows[n] = -1;
    for (;;) {
        if (changed) {
            int busy = 0;
            changed = windy = 0;
            for (int n = 0; n < LANES; n++) {
                if (rows[n] < 0 && next < count) {
                    const double *y = states + 6 * next;
                    double rate;
                    for (int i = 0; i < 6; i++) g.y[i][n] = y[i];
                    g.half[n] = beta[next] > 0.0 ? 0.5 / beta[next] : 0.0;
                    g.dev[n] = air[4 * next], g.dev_rise[n] = air[4 * next + 1] - air[4 * next];
                    g.east[n] = air[4 * next + 2], g.north[n] = air[4 * next + 3];
                    g.time[n] = 0.0, g.wish[n] = 1.0;
                    g.from_m[n] = height_of(y, y + 3, &rate);
                    rows[n] = next++;
                } else if (rows[n] < 0) {
                    for (int i = 0; i < 6; i++) g.y[i][n] = 0.0;
                    g.y[0][n] = 7e6, g.time[n] = limit, g.half[n] = g.east[n] = g.north[n] = 0.0;
                }
                busy += rows[n] >= 0;
                windy |= g.east[n] != 0.0 || g.north[n] != 0.0;
            }
            if (!busy) return;
            if (!windy) memset(g.wind, 0, sizeof g.wind);
            memcpy(g.at, g.y, sizeof g.at); /* first slopes: the same again for lanes that fly on */
            slope(&g, table, 0, windy);
        }
        step(&g, table, windy, limit);
        for (int n = 0; n < LANES; n++)
            if (g.asks[n] > 0.0 && rows[n] >= 0) {
                double *p = impact + 3 * rows[n];
                int down = g.height[n] <= 0.0;
                time_s[rows[n]] = down ? g.time[n] + ground(&g, n, p) : NAN;
                if (!down) p[0] = p[1] = p[2] = NAN;
                rows[n] = -1;
                changed = 1;
            }
        settle(&g);
    }
}
