"""One program a language and behaviour. `{secret}` and `{port}` are filled in by the test."""

from typing import Any

PYTHON = {
    "hello": "print('hi', input())\n",
    "fails": "x = 1\nprint([][x])\n",
    "fails_with": ("IndexError", 2),
    "broken": "x = 1\ny = (2 +\n",
    "broken_at": (2, True),
    "loop": "while True: pass\n",
    "hog": "x = []\nwhile True: x.append(bytearray(1 << 20))\n",
    "flood": "while True: print('x' * 999)\n",
    "daemon": "import subprocess\n"
    "subprocess.Popen(['sleep', '31337'], start_new_session=True)\nprint('left')\n",
    "network": "import socket\nsocket.create_connection(('127.0.0.1', {port}), 1)\n"
    "print('ESCAPED')\n",
    "secret": "print(open('{secret}').read())\n",
}
BASH = {
    "hello": 'read name\necho "hi $name"\n',
    "fails": "x=1\nno_such_command_at_all\n",
    "fails_with": (None, 2),
    "broken": "echo a\nfor in do; done )\n",
    "broken_at": (2, False),
    "loop": "while :; do :; done\n",
    "hog": "x=aaaaaaaa\nwhile :; do x=$x$x; done\n",
    "flood": "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done\n",
    "daemon": "(setsid sleep 31337 >/dev/null 2>&1 &)\nnohup sleep 31337 &\necho left\n",
    "network": "exec 5<>/dev/tcp/127.0.0.1/{port} && echo ESCAPED\n",
    "secret": "cat {secret}\n",
}
SQL = {
    "hello": "SELECT 'hi ' || name FROM people;\n",
    "hello_stdin": "CREATE TABLE people(name); INSERT INTO people VALUES ('bob');",
    "fails": "SELECT 1;\nSELECT * FROM nowhere;\n",
    "fails_with": ("OperationalError", 2),
    "broken": "CREATE TABLE t(a);\nSELECT a\n  FORM t;\n",
    "broken_at": (3, True),
    "loop": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT max(x) FROM c;\n",
    "hog": "CREATE TABLE t(b);\nWITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c)"
    " INSERT INTO t SELECT randomblob(9000000) FROM c;\n",
    "flood": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT x FROM c;\n",
    "secret": "ATTACH '{secret}' AS s;\nSELECT 'ESCAPED';\n",
}
JAVASCRIPT = {
    "hello": "console.log('hi ' + require('fs').readFileSync(0, 'utf8').trim());\n",
    "fails": "const x = 1;\nnull.x;\n",
    "fails_with": ("TypeError", 2),
    "broken": "let x = 1;\nlet y = {a: 1,,};\n",
    "broken_at": (2, True),
    "loop": "for (;;) {}\n",
    "hog": "const a = [];\nfor (;;) a.push(new Array(1e5).fill(a.length));\n",
    "flood": "for (;;) require('fs').writeSync(1, 'x'.repeat(999));\n",
    "daemon": "require('child_process').spawn('sleep', ['31337'],"
    " {detached: true, stdio: 'ignore'}).unref();\nconsole.log('left');\n",
    "network": "require('net').connect({port}, '127.0.0.1').on('connect', () => {"
    " console.log('ESCAPED'); process.exit(); });\n",
    "secret": "console.log(require('fs').readFileSync('{secret}', 'utf8'));\n",
}
TYPESCRIPT = JAVASCRIPT | {
    "hello": "import { readFileSync } from 'node:fs';\nenum Word { Hi = 'hi' }\n"
    "const name: string = readFileSync(0, 'utf8').trim();\nconsole.log(`${Word.Hi} ${name}`);\n",
    "broken": "let x: number = 1;\nlet y = {a: 1,,};\n",
    "broken_at": (2, False),
}
C = {
    "hello": "#include <stdio.h>\n"
    'int main(void) { char b[9]; scanf("%8s", b); printf("hi %s\\n", b); return 0; }\n',
    "fails": "int main(void) { volatile int *p = 0; return *p; }\n",
    "fails_with": ("SIGSEGV", None),
    "broken": "int main(void) {\n  int x = y;\n}\n",
    "broken_at": (2, True),
    "loop": "int main(void) { for (volatile int i = 0;; i++) {} }\n",
    "hog": "#include <stdlib.h>\n#include <string.h>\n"
    "int main(void) { for (;;) memset(malloc(1 << 20), 1, 1 << 20); }\n",
    "flood": '#include <stdio.h>\nint main(void) { for (;;) puts("xxxxxxxxxxxxxxxxxxxxx"); }\n',
    "daemon": "#include <stdio.h>\n#include <unistd.h>\nint main(void) { if (!fork()) { setsid();"
    ' execlp("sleep", "sleep", "31337", (char *)0); } puts("left"); return 0; }\n',
    "network": "#include <arpa/inet.h>\n#include <stdio.h>\n#include <sys/socket.h>\n"
    "int main(void) { int s = socket(AF_INET, SOCK_STREAM, 0); struct sockaddr_in a = {0};"
    ' a.sin_family = AF_INET; a.sin_port = htons({port}); inet_pton(AF_INET, "127.0.0.1",'
    ' &a.sin_addr); if (!connect(s, (struct sockaddr *)&a, sizeof a)) puts("ESCAPED"); }\n',
    "secret": "#include <stdio.h>\nint main(void) { char b[99] = {0};"
    ' FILE *f = fopen("{secret}", "r"); if (!f) return 1; fgets(b, 98, f); puts(b); }\n',
}
CPP = C | {
    "hello": "#include <iostream>\n#include <string>\n"
    'int main() { std::string s; std::cin >> s; std::cout << "hi " << s << "\\n"; }\n',
    "fails": '#include <stdexcept>\nint main() { throw std::out_of_range("far"); }\n',
    "fails_with": ("std::out_of_range", None),
    "hog": "#include <vector>\n#include <string>\n"
    "int main() { std::vector<std::string> v; for (;;) v.emplace_back(1 << 20, 'x'); }\n",
}


def java(body: str) -> str:
    return (
        "import java.util.*;\npublic class Solution {\n"
        f"  public static void main(String[] a) throws Exception {{\n{body}\n  }}\n}}\n"
    )


JAVA = {
    "hello": java('System.out.println("hi " + new Scanner(System.in).next());'),
    "fails": java("int[] x = new int[1];\nSystem.out.println(x[2]);"),
    "fails_with": ("java.lang.ArrayIndexOutOfBoundsException", 5),
    "broken": java("int x = 1;\nint y = z;"),
    "broken_at": (5, True),
    "loop": java("for (;;) {}"),
    "hog": java("List<byte[]> l = new ArrayList<>(); for (;;) l.add(new byte[1 << 20]);"),
    "flood": java('for (;;) System.out.println("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");'),
    "daemon": java('new ProcessBuilder("sleep", "31337").start(); System.out.println("left");'),
    "network": java('new java.net.Socket("127.0.0.1", {port}); System.out.println("ESCAPED");'),
    "secret": java(
        'System.out.println(java.nio.file.Files.readString(java.nio.file.Path.of("{secret}")));'
    ),
}
GO = {
    "hello": 'package main\nimport "fmt"\n'
    'func main() { var s string; fmt.Scan(&s); fmt.Println("hi", s) }\n',
    "fails": 'package main\nfunc main() {\n\tvar m map[string]int\n\tm["a"] = 1\n}\n',
    "fails_with": ("panic", 4),
    "broken": "package main\nfunc main() {\n\tx := y\n}\n",
    "broken_at": (3, True),
    "loop": "package main\nfunc main() { for {} }\n",
    "hog": "package main\nvar l [][]byte\nfunc main() { for { b := make([]byte, 1<<20);"
    " for i := range b { b[i] = 1 }; l = append(l, b) } }\n",
    "flood": 'package main\nimport "fmt"\nfunc main() { for { fmt.Println("xxxxxxxxxxxxxxx") } }\n',
    "daemon": 'package main\nimport ("fmt"; "os/exec")\n'
    'func main() { exec.Command("sleep", "31337").Start(); fmt.Println("left") }\n',
    "network": 'package main\nimport ("fmt"; "net")\nfunc main() {'
    ' if _, e := net.Dial("tcp", "127.0.0.1:{port}"); e == nil { fmt.Println("ESCAPED") } }\n',
    "secret": 'package main\nimport ("fmt"; "os")\n'
    'func main() { b, _ := os.ReadFile("{secret}"); fmt.Println(string(b)) }\n',
}
RUST = {
    "hello": "use std::io;\nfn main() { let mut s = String::new();"
    ' io::stdin().read_line(&mut s).unwrap(); println!("hi {}", s.trim()); }\n',
    "fails": 'fn main() {\n    let v: Vec<i32> = vec![];\n    println!("{}", v[v.len()]);\n}\n',
    "fails_with": ("panicked", 3),
    "broken": 'fn main() {\n    let x: i32 = "a";\n}\n',
    "broken_at": (2, True),
    "loop": "fn main() { let mut x = 0u64; loop { x = std::hint::black_box(x + 1); } }\n",
    "hog": "fn main() { let mut v = Vec::new(); loop { v.push(vec![1u8; 1 << 20]); } }\n",
    "flood": 'fn main() { loop { println!("xxxxxxxxxxxxxxxxxxxxxxxxxxx"); } }\n',
    "daemon": 'fn main() { std::process::Command::new("sleep").arg("31337").spawn().unwrap();'
    ' println!("left"); }\n',
    "network": 'fn main() { std::net::TcpStream::connect("127.0.0.1:{port}").unwrap();'
    ' println!("ESCAPED"); }\n',
    "secret": 'fn main() { println!("{}", std::fs::read_to_string("{secret}").unwrap()); }\n',
}
PROGRAMS: dict[str, dict[str, Any]] = {
    "bash": BASH,
    "sql": SQL,
    "javascript": JAVASCRIPT,
    "typescript": TYPESCRIPT,
    "c": C,
    "cpp": CPP,
    "java": JAVA,
    "go": GO,
    "rust": RUST,
    "python3.11": PYTHON,
    "python3.12": PYTHON,
    "python3.13": PYTHON,
    "python3.14": PYTHON,
}
