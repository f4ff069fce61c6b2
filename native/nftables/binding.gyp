# Builds nftables.node: nf_tables over netlink, without libnftables and without a shell.
# `sanitize=1` in the environment of the configure step builds it under ASan and UBSan, for the fuzzed decoder.
{
  "targets": [
    {
      "target_name": "nftables",
      "sources": [
        "addon.cc",
        "arguments.cc",
        "batch.cc",
        "chain.cc",
        "connection.cc",
        "conntrack.cc",
        "decode.cc",
        "element.cc",
        "ipset.cc",
        "message.cc",
        "monitor.cc",
        "rule.cc",
        "set.cc",
        "socket.cc",
        "table.cc",
      ],
      "include_dirs": ["<!@(node -p \"require('node-addon-api').include\")"],
      "defines": [
        "NAPI_VERSION=8",
        "NODE_ADDON_API_CPP_EXCEPTIONS_ALL",
        # A thread that ends while it is in here can take no exception: without this the whole process would abort.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
      ],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-std=gnu++1y"],
      "cflags": ["-O2", "-fvisibility=hidden", "-fno-gnu-unique", "-Wall", "-Wextra", "-Wno-unused-parameter",
        "-Wno-cast-function-type", "-Wno-missing-field-initializers"],
      "cflags_cc": ["-std=c++20", "-fexceptions", "-fvisibility-inlines-hidden"],
      "variables": {"sanitize%": "<!(node -p \"process.env.sanitize || 0\")"},
      "conditions": [
        ["sanitize==1", {
          "cflags": ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-g"],
          "ldflags": ["-fsanitize=address,undefined"],
        }],
      ],
    }
  ]
}
