// Finds a match and its groups in two linear passes over a text, without backtracking: an automaton walks back from its end
// and notes at each byte which instructions of RE2's program can still reach a match; a walk forward then takes, at every
// choice, the first branch that can. Where most texts miss, or such an automaton grows too large, RE2's own automaton finds
// where the match ends first. This is the match
// that a backtracking engine would prefer, so it agrees with RE2's own (which needs 5 to 10 times as long for many
// groups).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/string_view.h"
#include "re2/prog.h"
#include "re2/re2.h"

namespace palisade {

class Extractor {
 public:
  enum class Verdict { kMiss, kHit, kUnknown };

  /// Texts searched side by side: what one waits for from memory hides behind the others.
  static constexpr size_t kLanes = 2;

  /// One text and what was found in it.
  struct Lane {
    absl::string_view text;
    Verdict verdict;
    /// On kHit start and end of group 0, 1, ... as offsets in the text, -1 where a group took no part.
    std::vector<int32_t> captures;

   private:
    friend class Extractor;
    size_t end;     // No match ends behind it.
    size_t at;      // How far back from there the walk is, and its state there; -1 for no walk.
    int32_t state;
    size_t start;   // The leftmost position so far from which a match is possible; kNowhere for none.
    std::vector<int32_t> trail;  // The state at each position.
  };

  /// Null when the expression does not suit: a program too large, or one with a loop that consumes nothing.
  static std::unique_ptr<Extractor> Make(const re2::RE2& regex);

  /// Searches the texts of the first `count` lanes (at most kLanes). kUnknown means that memory or patience ran out and RE2 must
  /// be asked.
  void Search(Lane* lanes, size_t count);

 private:
  static constexpr int32_t kNotYet = -1;
  static constexpr size_t kNowhere = SIZE_MAX;
  // Flags: the whole program can match from here; nothing can match any more.
  static constexpr uint8_t kStartCanMatch = 1;
  static constexpr uint8_t kDead = 2;

  struct Inst {
    re2::InstOp op;
    bool last;      // Ends its list of alternatives.
    bool foldcase;  // ByteRange: capitals count as small letters.
    uint8_t lo, hi;
    uint32_t argument;  // Capture: number of the offset; EmptyWidth: the conditions.
    int32_t out;        // The list that follows.
  };

  /// What happens from one list of alternatives at one position: offsets to note, then the next list, -1 at the match.
  struct Step {
    int32_t list;
    int32_t next;
    uint32_t first_note;
    uint32_t note_count;
  };

  struct State {
    uint32_t oldest_step = 0;
    Step first{-1, -1, 0, 0};  // Most states have no other.
    std::vector<Step> further;
  };

  Extractor(std::unique_ptr<re2::Prog> prog, int group_count, size_t memory_bytes);

  bool OrderLists();
  bool FindEnd(absl::string_view text, size_t* end, bool* failed);
  bool Begin(Lane* lane);
  void WalkTogether(Lane* lanes);
  Verdict WalkBack(Lane* lane);
  bool WalkForward(Lane* lane);
  int32_t StateAtEnd(uint32_t conditions);
  int32_t StateBefore(int32_t after, uint8_t byte, uint32_t conditions);
  int32_t Intern();
  const Step* StepFrom(int32_t state, int32_t list) {
    const Step& first = states_[state].first;
    return first.list == list ? &first : FurtherStep(state, list);
  }
  const Step* FurtherStep(int32_t state, int32_t list);
  const Step* MakeStep(int32_t state, int32_t list);
  void Forget();

  bool IsLive(int32_t state, int32_t inst) const { return live_[state * words_ + inst / 64] >> (inst % 64) & 1; }

  std::unique_ptr<re2::Prog> prog_;
  // Matches whatever prog_ matches and more, with far fewer states: what it does not match is a miss. Null where the
  // expression counts no long repeats.
  std::unique_ptr<re2::RE2> relaxed_;
  std::vector<Inst> insts_;
  std::vector<int32_t> lists_;  // First instructions of lists, each after all lists it reaches without consuming.
  size_t capture_count_;
  size_t memory_bytes_;
  size_t words_;         // 64-bit words for a set of instructions.
  size_t left_kinds_;    // 1 if no instruction looks at the byte before, else 4.
  int row_shift_;        // A state has 1 << row_shift_ transitions, one for each column.
  uint16_t column_[256];     // Of a byte, when nothing precedes it.
  uint8_t left_kind_[256];   // What a byte is to the one after it: added to that one's column.
  int64_t patience_;     // States that may still be made; grows with the bytes searched.
  bool ends_anywhere_;   // States are those of a match that may end anywhere behind a position, not at a given end.
  int starts_at_zero_ = 0;  // Above or at 0 while matches mostly start where the text does.
  int misses_ = 0;          // Above 0 while most texts miss.
  size_t memory_used_ = 0;

  // The states found so far: which instructions are live, and from which on some instruction of the list is.
  std::vector<State> states_;
  std::vector<uint8_t> flags_;  // kStartCanMatch, kDead; apart from the rest because every byte looks at them.
  std::vector<uint64_t> live_;
  std::vector<uint64_t> reach_;
  std::vector<int32_t> before_;  // By transition, the state before the byte or kNotYet.
  std::vector<uint32_t> notes_;
  std::unordered_map<std::string, int32_t> known_;
  int32_t at_end_[re2::kEmptyAllFlags + 1];

  uint32_t forgotten_ = 0;  // How often everything was forgotten: states of before are no longer any.

  // Work space of a new state.
  std::vector<uint64_t> new_live_;
  std::vector<uint64_t> new_reach_;
};

}  // namespace palisade
