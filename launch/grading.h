// How the settings say that rows are read and replies are graded.
#ifndef LAUNCH_GRADING_H
#define LAUNCH_GRADING_H

#include "data/dataset.h"
#include "launch/settings.h"
#include "reward/reward.h"

// ERR_INPUT: the settings of the verifier contradict each other.
CHECKED enum status grading_check(const struct settings *s);

// Both borrow the settings' texts.
struct dataset_rules grading_rules(const struct settings *s);
// Of data.verifier program; else its command is NULL.
struct reward_config grading_reward(const struct settings *s);

// Where data.verifier names how answers are compared, the set's text answers are.
void grading_use_verifier(const struct settings *s, struct dataset *set);

// Stirs in what decides a reply's reward here: a worker that would grade otherwise than
// the learner says is refused.
uint64_t grading_hash(const struct settings *s, uint64_t hash);

#endif
