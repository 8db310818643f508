// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The `hello-core` example: a core module with WASI preview 1, as any C compiler with a wasi-libc
// makes it. Prints a greeting and its arguments; `--exit N` makes N its exit status.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char** argv) {
  int status = 0;
  puts("Hello from a core module");
  for (int i = 1; i < argc; ++i) {
    printf("argument %d: %s\n", i, argv[i]);
    if (strcmp(argv[i], "--exit") == 0 && i + 1 < argc) status = atoi(argv[i + 1]);
  }
  const char* name = getenv("NAME");
  if (name != NULL) printf("NAME=%s\n", name);
  return status;
}
