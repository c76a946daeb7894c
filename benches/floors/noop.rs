//! The smallest program that there can be: it says "ok" (or what time it is) and ends. It needs no library, so that nothing but the start of a
//! process is measured.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Both programs, or what stands in for them.
pub struct Programs {
    /// Writes `ok` and ends.
    pub noop: PathBuf,
    /// Writes `at` and the monotonic clock's nanoseconds, and ends; none where there is no C compiler.
    pub stamp: Option<PathBuf>,
    /// They are what they should be.
    pub genuine: bool,
}

const SOURCE: &str = r#"
#if defined(__x86_64__)
static long call(long n, long a, long b, long c) {
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return r;
}
enum { WRITE = 1, EXIT = 231, CLOCK = 228 };
#elif defined(__aarch64__)
static long call(long n, long a, long b, long c) {
    register long x8 __asm__("x8") = n;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
enum { WRITE = 64, EXIT = 94, CLOCK = 113 };
#endif
void _start(void) {
#ifdef STAMP
    long at[2];
    call(CLOCK, 1, (long)at, 0);
    unsigned long nanos = at[0] * 1000000000UL + at[1];
    char line[24];
    int first = 23;
    for (line[23] = 10; nanos; nanos /= 10) line[--first] = '0' + nanos % 10;
    line[--first] = ' ', line[--first] = 't', line[--first] = 'a';
    call(WRITE, 1, (long)(line + first), 24 - first);
#else
    call(WRITE, 1, (long)"ok\n", 3);
#endif
    call(EXIT, 0, 0, 0);
    for (;;) {}
}
"#;

impl Programs {
    /// Compiles them into a folder. Where that can't be done, `/bin/true` stands in, and it is said.
    pub fn make(folder: &Path) -> Self {
        let source = folder.join("noop.c");
        std::fs::write(&source, SOURCE).expect("room for a file");
        let noop = compiled(&source, folder.join("noop"), &[]);
        let stamp = compiled(&source, folder.join("stamp"), &["-DSTAMP"]);
        match noop {
            Some(noop) => Self { noop, stamp, genuine: true },
            None => Self { noop: "/bin/true".into(), stamp: None, genuine: false },
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "runs the C compiler, if there is one")]
fn compiled(source: &Path, program: PathBuf, more: &[&str]) -> Option<PathBuf> {
    let flags = ["-nostdlib", "-static", "-O2", "-fno-stack-protector", "-o"];
    let mut cc = Command::new("cc");
    cc.args(flags).arg(&program).args(more).arg(source).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let compiled = cc.status().is_ok_and(|status| status.success());
    compiled.then_some(program)
}
