// Linear-time captures: the three passes over a text. See extractor.h; the states they walk through are made in
// extractor_states.cc.
#include "extractor.h"

#include <algorithm>

#include "re2/regexp.h"
#include "relax.h"

namespace palisade {

namespace {

using re2::InstOp;
using re2::Prog;

constexpr int kProgramSizeMax = 20000;
// States that may be made before anything was searched, and afterwards one for so many bytes: a text made to need a new
// state at each byte costs no more than RE2's own slowest engine.
constexpr int64_t kPatienceMax = 4096;
constexpr int64_t kBytesPerState = 16;
bool IsWord(uint8_t byte) { return Prog::IsWordChar(byte); }

/// Notes which of two kinds of text comes more often lately.
void Count(int* balance, bool more) { *balance = more ? std::min(*balance + 1, 8) : std::max(*balance - 1, -8); }

/// What a byte is to the position after it; 0 is the start of the text.
uint8_t LeftKind(uint8_t byte) { return byte == '\n' ? 1 : IsWord(byte) ? 2 : 3; }

}  // namespace

std::unique_ptr<Extractor> Extractor::Make(const re2::RE2& regex) {
  const int64_t memory = regex.options().max_mem();
  std::unique_ptr<Prog> prog(regex.Regexp()->CompileToProg(memory * 2 / 3));
  if (prog == nullptr || prog->size() > kProgramSizeMax) return nullptr;
  std::unique_ptr<Extractor> extractor(
      new Extractor(std::move(prog), regex.NumberOfCapturingGroups(), static_cast<size_t>(memory) / 3));
  if (!extractor->OrderLists()) return nullptr;
  const std::string relaxed = WithoutLongRepeats(regex.pattern());
  if (relaxed != regex.pattern() && !extractor->prog_->anchor_start()) {
    extractor->relaxed_ = std::make_unique<re2::RE2>(relaxed, regex.options());
    if (!extractor->relaxed_->ok()) extractor->relaxed_ = nullptr;
  }
  return extractor;
}

Extractor::Extractor(std::unique_ptr<Prog> prog, int group_count, size_t memory_bytes)
    : prog_(std::move(prog)), capture_count_(2 * (group_count + 1)), memory_bytes_(memory_bytes),
      patience_(kPatienceMax), ends_anywhere_(!prog_->anchor_end()) {
  bool looks_around = false;
  for (int id = 0; id < prog_->size(); id++) {
    Prog::Inst* inst = prog_->inst(id);
    Inst copy{inst->opcode(), inst->last() != 0, false, 0, 0, 0, inst->out()};
    if (copy.op == re2::kInstByteRange) {
      copy.lo = static_cast<uint8_t>(inst->lo());
      copy.hi = static_cast<uint8_t>(inst->hi());
      copy.foldcase = inst->foldcase() != 0;
    } else if (copy.op == re2::kInstCapture) {
      copy.argument = static_cast<uint32_t>(inst->cap());
    } else if (copy.op == re2::kInstEmptyWidth) {
      copy.argument = inst->empty();
      looks_around = true;
    }
    insts_.push_back(copy);
  }
  words_ = (insts_.size() + 63) / 64;
  left_kinds_ = looks_around ? 4 : 1;
  const size_t columns = static_cast<size_t>(prog_->bytemap_range()) * left_kinds_;
  for (row_shift_ = 0; size_t{1} << row_shift_ < columns;) row_shift_++;
  for (int byte = 0; byte < 256; byte++) {
    column_[byte] = static_cast<uint16_t>(prog_->bytemap()[byte] * left_kinds_);
    left_kind_[byte] = looks_around ? LeftKind(static_cast<uint8_t>(byte)) : 0;
  }
  Forget();
}

// Sorts the lists so that each follows those it leads to without consuming a byte (depth first, with a stack of our
// own). False if they form a loop, or if the program is not one of lists.
bool Extractor::OrderLists() {
  enum : uint8_t { kUnseen, kOpen, kDone };
  std::vector<uint8_t> seen(insts_.size(), kUnseen);
  struct Frame { int32_t list, at; };
  std::vector<Frame> stack;
  for (size_t head = 0; head < insts_.size(); head++) {
    const bool starts_list = head == 0 || insts_[head - 1].last;
    if (!starts_list || seen[head] != kUnseen) continue;
    seen[head] = kOpen;
    stack.push_back({static_cast<int32_t>(head), static_cast<int32_t>(head)});
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.at < 0) {
        seen[frame.list] = kDone;
        lists_.push_back(frame.list);
        stack.pop_back();
        continue;
      }
      const Inst& inst = insts_[frame.at];
      frame.at = inst.last ? -1 : frame.at + 1;
      if (inst.op == re2::kInstAlt) return false;
      if (inst.op == re2::kInstCapture && inst.argument >= capture_count_) return false;
      if (inst.op != re2::kInstCapture && inst.op != re2::kInstEmptyWidth && inst.op != re2::kInstNop) continue;
      if (seen[inst.out] == kOpen) return false;
      if (seen[inst.out] == kDone) continue;
      seen[inst.out] = kOpen;
      stack.push_back({inst.out, inst.out});
    }
  }
  return true;
}

// Where the match ends need not be known for walking back: states in which it may end anywhere lead to the match that is preferred
// all the same. Where most texts miss, RE2's automaton, which is quicker with a miss, is asked first; and where such states are too
// many (some texts make a new one at each byte) it has to tell the end.
Extractor::Verdict Extractor::Search(absl::string_view text, std::vector<int32_t>* captures) {
  patience_ = std::min(kPatienceMax, patience_ + 1 + static_cast<int64_t>(text.size()) / kBytesPerState);
  size_t end = text.size();
  const bool knows_end = prog_->anchor_end() || ends_anywhere_;
  if (!knows_end || misses_ > 0) {
    bool failed = false;
    if (!FindEnd(text, &end, &failed)) {
      Count(&misses_, !failed);
      return failed ? Verdict::kUnknown : Verdict::kMiss;
    }
  }
  size_t start = 0;
  const Verdict verdict = WalkBack(text, end, &start);
  if (verdict != Verdict::kUnknown) Count(&misses_, verdict == Verdict::kMiss);
  if (verdict != Verdict::kHit) return verdict;
  if (!WalkForward(start, end, captures)) return Verdict::kUnknown;
  Count(&starts_at_zero_, start == 0);
  return Verdict::kHit;
}

// Finds the end of the leftmost match. A match at the start of the text is the leftmost there can be, most lines have
// theirs there, and looking for it alone is much cheaper: an automaton that may start anywhere follows all starts at
// once.
bool Extractor::FindEnd(absl::string_view text, size_t* end, bool* failed) {
  absl::string_view match;
  const auto search = [&](Prog::Anchor anchor) {
    const bool found = prog_->SearchDFA(text, text, anchor, Prog::kFirstMatch, &match, failed, nullptr);
    if (found) *end = static_cast<size_t>(match.data() + match.size() - text.data());
    return found;
  };
  if (prog_->anchor_start()) return search(Prog::kAnchored);
  if (starts_at_zero_ >= 0) {
    if (search(Prog::kAnchored)) return true;
    if (*failed) return false;
  }
  if (relaxed_ != nullptr && !relaxed_->Match(text, 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0)) return false;
  return search(Prog::kUnanchored);
}

// Notes in trail_ the state at each position from `end` back to where nothing can match any more, and finds the
// leftmost position from which the whole program can. Unknown when a state cannot be made.
Extractor::Verdict Extractor::WalkBack(absl::string_view text, size_t end, size_t* start) {
  if (trail_.size() <= end) trail_.resize(std::max(end + 1, 2 * trail_.size()));
  int32_t state = StateAtEnd(Prog::EmptyFlags(text, text.data() + end));
  bool found = false;
  for (size_t at = end; state >= 0; at--) {
    trail_[at] = state;
    const uint8_t flags = flags_[state];
    if (flags & kStartCanMatch) {
      *start = at;
      found = true;
    }
    if (at == 0 || (flags & kDead)) break;
    const uint8_t byte = static_cast<uint8_t>(text[at - 1]);
    const size_t left = at == 1 ? 0 : left_kind_[static_cast<uint8_t>(text[at - 2])];
    const size_t transition = (static_cast<size_t>(state) << row_shift_) + column_[byte] + left;
    int32_t before = before_[transition];
    if (before == kNotYet) {
      before = StateBefore(state, byte, left_kinds_ == 1 ? 0 : Prog::EmptyFlags(text, text.data() + at - 1));
      if (before >= 0) before_[transition] = before;
    }
    state = before;
  }
  if (state < 0) return Verdict::kUnknown;
  return found && (*start == 0 || !prog_->anchor_start()) ? Verdict::kHit : Verdict::kMiss;
}

// Follows the program from `start`, at each position the step that its state prescribes.
bool Extractor::WalkForward(size_t start, size_t end, std::vector<int32_t>* captures) {
  captures->assign(capture_count_, -1);
  int32_t list = prog_->start();
  for (size_t at = start; at <= end; at++) {
    const int32_t state = trail_[at];
    const Step* step = StepFrom(state, list);
    if (step == nullptr) return false;
    if (step->next == list && step->note_count == 0) {
      // As long as the state stays, so does the step.
      while (at < end && trail_[at + 1] == state) at++;
      continue;
    }
    for (uint32_t note = 0; note < step->note_count; note++) {
      (*captures)[notes_[step->first_note + note]] = static_cast<int32_t>(at);
    }
    list = step->next;
    if (list < 0) {
      (*captures)[0] = static_cast<int32_t>(start);
      (*captures)[1] = static_cast<int32_t>(at);
      return true;
    }
  }
  return false;
}

}  // namespace palisade
