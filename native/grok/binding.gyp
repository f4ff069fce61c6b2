# Builds grok.node: our batch matcher over the RE2 and Abseil sources that the npm package `re2` ships.
# Hidden visibility and -fno-gnu-unique keep this RE2 apart from the one inside re2.node in the same process.
{
  "targets": [
    {
      "target_name": "grok",
      "sources": [
        "addon.cc",
        "arguments.cc",
        "checked_patterns.cc",
        "extractor.cc",
        "extractor_states.cc",
        "memory.cc",
        "pattern.cc",
        "pattern_set.cc",
        "relax.cc",
        "text_numbers.cc",
        "<!@(node re2-sources.cjs)",
      ],
      "include_dirs": [
        "<!@(node -p \"require('node-addon-api').include\")",
        "../../node_modules/re2/vendor/re2",
        "../../node_modules/re2/vendor/abseil-cpp",
      ],
      "defines": [
        "NDEBUG",
        "NAPI_VERSION=8",
        "NODE_ADDON_API_CPP_EXCEPTIONS_ALL",
        # A thread that ends while it is in here can take no exception: without this the whole process would abort.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
      ],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-std=gnu++1y"],
      "cflags": [
        "-O3",
        "-fvisibility=hidden",
        "-fno-gnu-unique",
        "-fno-semantic-interposition",
        "-ffunction-sections",
        "-fdata-sections",
        "-pthread",
        "-Wno-sign-compare",
        "-Wno-unused-parameter",
        "-Wno-missing-field-initializers",
        "-Wno-cast-function-type",
      ],
      "cflags_cc": ["-std=c++20", "-fexceptions", "-fvisibility-inlines-hidden"],
      "ldflags": ["-pthread", "-Wl,--gc-sections", "-Wl,--exclude-libs,ALL"],
    }
  ]
}
