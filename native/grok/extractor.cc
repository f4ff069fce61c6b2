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

void Extractor::Search(Lane* lanes, size_t count) {
  bool all_walk = count == kLanes;
  const uint32_t forgotten = forgotten_;
  for (size_t i = 0; i < count; i++) all_walk &= Begin(&lanes[i]);
  if (all_walk && forgotten_ == forgotten) WalkTogether(lanes);
  for (Lane* lane = lanes; lane < lanes + count; lane++) {
    // What one text made the automaton forget the others begin anew.
    if (lane->state >= 0 && forgotten_ != forgotten) Begin(lane);
    if (lane->state < 0) continue;
    lane->verdict = WalkBack(lane);
    if (lane->verdict != Verdict::kUnknown) Count(&misses_, lane->verdict == Verdict::kMiss);
    if (lane->verdict != Verdict::kHit) continue;
    if (WalkForward(lane)) Count(&starts_at_zero_, lane->start == 0);
    else lane->verdict = Verdict::kUnknown;
  }
}

// Sets a lane to where its walk back begins; false when there is none, its verdict being known then. Where the match ends need not
// be known: states in which it may end anywhere lead to the match that is preferred all the same. But where most texts miss, RE2's
// automaton, which is quicker with a miss, is asked first; and where such states are too many (some texts make a new one at each
// byte) it has to tell the end.
bool Extractor::Begin(Lane* lane) {
  const absl::string_view text = lane->text;
  patience_ = std::min(kPatienceMax, patience_ + 1 + static_cast<int64_t>(text.size()) / kBytesPerState);
  size_t end = text.size();
  lane->state = -1;
  const bool knows_end = prog_->anchor_end() || ends_anywhere_;
  if (!knows_end || misses_ > 0) {
    bool failed = false;
    if (!FindEnd(text, &end, &failed)) {
      lane->verdict = failed ? Verdict::kUnknown : Verdict::kMiss;
      Count(&misses_, !failed);
      return false;
    }
  }
  if (lane->trail.size() <= end) lane->trail.resize(std::max(end + 1, 2 * lane->trail.size()));
  lane->end = lane->at = end;
  lane->start = kNowhere;
  lane->verdict = Verdict::kUnknown;
  lane->state = StateAtEnd(Prog::EmptyFlags(text, text.data() + end));
  return lane->state >= 0;
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

// Walks all lanes back by as many bytes as the shortest has, as long as all transitions are there; WalkBack does the rest.
void Extractor::WalkTogether(Lane* lanes) {
  size_t common = SIZE_MAX;
  const char* before_at[kLanes];  // One beyond the byte to take next.
  size_t state[kLanes], start[kLanes];
  int32_t* trail[kLanes];
  uint8_t byte[kLanes];
  for (size_t i = 0; i < kLanes; i++) {
    common = std::min(common, lanes[i].at);
    before_at[i] = lanes[i].text.data() + lanes[i].at;
    trail[i] = lanes[i].trail.data() + lanes[i].at;
    state[i] = static_cast<size_t>(lanes[i].state);
    start[i] = kNowhere;
    byte[i] = lanes[i].at == 0 ? 0 : static_cast<uint8_t>(before_at[i][-1]);
  }
  const int32_t* before = before_.data();
  const uint8_t* flags = flags_.data();
  size_t done = 0;
  // The first byte of a text has nothing before it: it is left to WalkBack.
  for (; done + 1 < common; done++) {
    int32_t next[kLanes];
    uint8_t left[kLanes];
    int32_t known = 0;
    uint8_t seen = 0;
    for (size_t i = 0; i < kLanes; i++) {
      left[i] = static_cast<uint8_t>(before_at[i][-2 - static_cast<ptrdiff_t>(done)]);
      next[i] = before[(state[i] << row_shift_) + column_[byte[i]] + left_kind_[left[i]]];
      known |= next[i];
      const uint8_t flag = flags[state[i]];
      seen |= flag;
      trail[i][-static_cast<ptrdiff_t>(done)] = static_cast<int32_t>(state[i]);
      if (flag & kStartCanMatch) start[i] = done;
    }
    if (known < 0 || (seen & kDead)) break;
    for (size_t i = 0; i < kLanes; i++) {
      state[i] = static_cast<size_t>(next[i]);
      byte[i] = left[i];
    }
  }
  for (size_t i = 0; i < kLanes; i++) {
    if (start[i] != kNowhere) lanes[i].start = lanes[i].at - start[i];
    lanes[i].at -= done;
    lanes[i].state = static_cast<int32_t>(state[i]);
  }
}

// Notes in the trail the state at each position back to the start of the text, or where nothing can match any more, and
// finds the leftmost position from which the whole program can. Unknown when a state cannot be made.
Extractor::Verdict Extractor::WalkBack(Lane* lane) {
  const absl::string_view text = lane->text;
  int32_t state = lane->state;
  for (size_t at = lane->at; state >= 0; at--) {
    lane->trail[at] = state;
    const uint8_t flags = flags_[state];
    if (flags & kStartCanMatch) lane->start = at;
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
  return lane->start == kNowhere || (lane->start > 0 && prog_->anchor_start()) ? Verdict::kMiss : Verdict::kHit;
}

// Follows the program from the start of the match, at each position the step that its state prescribes.
bool Extractor::WalkForward(Lane* lane) {
  const std::vector<int32_t>& trail = lane->trail;
  std::vector<int32_t>& captures = lane->captures;
  captures.assign(capture_count_, -1);
  int32_t list = prog_->start();
  for (size_t at = lane->start; at <= lane->end; at++) {
    const int32_t state = trail[at];
    const Step* step = StepFrom(state, list);
    if (step == nullptr) return false;
    if (step->next == list && step->note_count == 0) {
      // As long as the state stays, so does the step.
      while (at < lane->end && trail[at + 1] == state) at++;
      continue;
    }
    for (uint32_t note = 0; note < step->note_count; note++) {
      captures[notes_[step->first_note + note]] = static_cast<int32_t>(at);
    }
    list = step->next;
    if (list < 0) {
      captures[0] = static_cast<int32_t>(lane->start);
      captures[1] = static_cast<int32_t>(at);
      return true;
    }
  }
  return false;
}

}  // namespace palisade
