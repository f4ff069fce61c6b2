// What a process gives back once it has started.
#pragma once

#include <napi.h>

namespace palisade {

/** Collects the objects of the calling thread as thoroughly as V8 can: its young space becomes as small as it began. */
void ShrinkHeap(const Napi::CallbackInfo& info);

/**
 * Gives back what malloc has free, and lets go of the pages of the program itself that nothing writes to: what is still needed comes
 * back from the cache of its file, what only starting needed does not.
 */
void ReleasePages(const Napi::CallbackInfo& info);

/** Frees the memory of an ArrayBuffer now: views of it are empty from then on. */
void ReleaseBuffer(const Napi::CallbackInfo& info);

}  // namespace palisade
