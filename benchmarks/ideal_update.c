/* The least that one update of a table of logits must do, number by number, in one pass over memory:

     gate    c = [r < 1 + clip] w⁺ r + [r > 1 − clip] w⁻ r,  r = π / π_behavior (its inverse is given)
     Adam    of the loss's gradient π Σc − c, weight decay decoupled
     exp     e^θ, the softmax before it is divided

   What is left out: the sums over a row (Σc is given for every number, the division is not made) and all recording. So no program that
   is right can be as fast; how near it comes says how much is left to gain. The same update is made `times` times. */

#include <math.h>

#define BLOCK 256 /* still in the innermost cache when exp, a call that spills all registers, comes to it */

void update(long times, long size, const double *restrict plus, const double *restrict minus,
            const double *restrict inverse, const double *restrict sums, double *restrict policy,
            double *restrict first, double *restrict second, double *restrict logits, double clip, double learning_rate,
            double weight_decay, double b1, double b2, double eps, double correction1, double correction2)
{
    for (long time = 0; time < times; time++)
        for (long begin = 0; begin < size; begin += BLOCK) {
            long end = begin + BLOCK < size ? begin + BLOCK : size;
            for (long i = begin; i < end; i++) {
                double ratio = policy[i] * inverse[i];
                double push = ((ratio < 1 + clip ? plus[i] : 0.0) + (ratio > 1 - clip ? minus[i] : 0.0)) * ratio;
                double gradient = policy[i] * sums[i] - push;
                first[i] = b1 * first[i] + (1 - b1) * gradient;
                second[i] = b2 * second[i] + (1 - b2) * gradient * gradient;
                double step = first[i] / correction1 / (sqrt(second[i] / correction2) + eps);
                logits[i] -= learning_rate * (step + weight_decay * logits[i]);
            }
            for (long i = begin; i < end; i++)
                policy[i] = exp(logits[i]);
        }
}
