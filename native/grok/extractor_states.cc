// The automaton that an extractor walks back with: its states, made when a text first needs them, and the steps forward
// from each. See extractor.h.
#include <algorithm>

#include "extractor.h"

namespace palisade {

namespace {

// Steps remembered by a state; the ones in use are few, further ones replace the oldest.
constexpr size_t kStepsMax = 16;

void Set(std::vector<uint64_t>* set, int32_t index) { (*set)[index / 64] |= uint64_t{1} << (index % 64); }
bool Has(const uint64_t* set, int32_t index) { return set[index / 64] >> (index % 64) & 1; }

}  // namespace

int32_t Extractor::StateAtEnd(uint32_t conditions) {
  if (at_end_[conditions] != kNotYet) return at_end_[conditions];
  const int32_t state = StateBefore(-1, 0, conditions);
  if (state >= 0) at_end_[conditions] = state;
  return state;
}

// The state at a position, from the state after the byte that follows it (-1: the match ends here at the latest, no byte follows).
// Pseudo code: an instruction is live if it takes the byte and something live follows, or takes none and something
// live follows at this same position. -1 when patience or memory has run out.
int32_t Extractor::StateBefore(int32_t after, uint8_t byte, uint32_t conditions) {
  if (--patience_ < 0) return -1;
  new_live_.assign(words_, 0);
  new_reach_.assign(words_, 0);
  const uint64_t* reach_after = after < 0 ? nullptr : &reach_[after * words_];
  const uint8_t folded = byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
  for (const int32_t list : lists_) {
    int32_t id = list;
    while (!insts_[id].last) id++;
    bool reaches = false;
    for (; id >= list; id--) {
      const Inst& inst = insts_[id];
      bool live = false;
      if (inst.op == re2::kInstByteRange) {
        const uint8_t subject = inst.foldcase ? folded : byte;
        live = reach_after != nullptr && subject >= inst.lo && subject <= inst.hi && Has(reach_after, inst.out);
      } else if (inst.op == re2::kInstMatch) {
        live = reach_after == nullptr || ends_anywhere_;
      } else if (inst.op == re2::kInstCapture || inst.op == re2::kInstNop ||
                 (inst.op == re2::kInstEmptyWidth && (inst.argument & ~conditions) == 0)) {
        live = Has(new_reach_.data(), inst.out);
      }
      if (live) Set(&new_live_, id);
      reaches = reaches || live;
      if (reaches) Set(&new_reach_, id);
    }
  }
  return Intern();
}

// The number of the state in new_live_, known or new. -1, with everything forgotten, when memory has run out.
int32_t Extractor::Intern() {
  std::string key(reinterpret_cast<const char*>(new_live_.data()), words_ * sizeof(uint64_t));
  const auto known = known_.find(key);
  if (known != known_.end()) return known->second;
  memory_used_ += 3 * key.size() + (sizeof(int32_t) << row_shift_) + sizeof(State) + kStepsMax * sizeof(Step) + 64;
  if (memory_used_ > memory_bytes_) {
    ends_anywhere_ = false;
    Forget();
    return -1;
  }
  const int32_t number = static_cast<int32_t>(states_.size());
  const bool dead = std::all_of(new_live_.begin(), new_live_.end(), [](uint64_t word) { return word == 0; });
  flags_.push_back((Has(new_reach_.data(), prog_->start()) ? kStartCanMatch : 0) | (dead ? kDead : 0));
  states_.emplace_back();
  live_.insert(live_.end(), new_live_.begin(), new_live_.end());
  reach_.insert(reach_.end(), new_reach_.begin(), new_reach_.end());
  before_.insert(before_.end(), size_t{1} << row_shift_, kNotYet);
  known_.emplace(std::move(key), number);
  return number;
}

// The step from a list in a state: along the first live alternatives until one takes a byte or is the match. Lists form
// no loop without a byte, so this ends. Null when nothing is live (which the state rules out), and, with everything
// forgotten, when memory has run out.
const Extractor::Step* Extractor::FurtherStep(int32_t state, int32_t list) {
  for (const Step& step : states_[state].further) {
    if (step.list == list) return &step;
  }
  return MakeStep(state, list);
}

const Extractor::Step* Extractor::MakeStep(int32_t state, int32_t list) {
  if (memory_used_ > memory_bytes_) {
    Forget();
    return nullptr;
  }
  Step step{list, -1, static_cast<uint32_t>(notes_.size()), 0};
  for (int32_t id = list;;) {
    while (!IsLive(state, id)) {
      if (insts_[id].last) return nullptr;
      id++;
    }
    const Inst& inst = insts_[id];
    if (inst.op == re2::kInstMatch) break;
    if (inst.op == re2::kInstByteRange) {
      step.next = inst.out;
      break;
    }
    if (inst.op == re2::kInstCapture) {
      notes_.push_back(inst.argument);
      step.note_count++;
    }
    id = inst.out;
  }
  memory_used_ += step.note_count * sizeof(uint32_t);
  State& owner = states_[state];
  if (owner.first.list < 0) return &(owner.first = step);
  if (owner.further.size() < kStepsMax) {
    owner.further.push_back(step);
    return &owner.further.back();
  }
  Step& replaced = owner.further[owner.oldest_step++ % kStepsMax];
  replaced = step;
  return &replaced;
}

void Extractor::Forget() {
  forgotten_++;
  states_.clear();
  flags_.clear();
  live_.clear();
  reach_.clear();
  before_.clear();
  notes_.clear();
  known_.clear();
  memory_used_ = 0;
  std::fill(std::begin(at_end_), std::end(at_end_), kNotYet);
}

}  // namespace palisade
