#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "system.h"

/* A terminal gives lines of at most 4,095 bytes. */
#define LINE ((size_t)4096)

/* Those that end or stop a program; Ctrl-C is counted by system_signals. */
static const int numbers[] = {SIGHUP, SIGQUIT, SIGTERM, SIGTSTP};
#define NUMBERS (sizeof numbers / sizeof numbers[0])

static volatile sig_atomic_t caught; /* the last of them, or 0 */

static void catch_signal(int number) {
    caught = number;
}

/* No SA_RESTART: poll must wake. */
static void catch_signals(struct sigaction *before) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = catch_signal;
    sigemptyset(&action.sa_mask);
    caught = 0;
    for (size_t i = 0; i < NUMBERS; i++) {
        sigaction(numbers[i], NULL, &before[i]);
        if (before[i].sa_handler == SIG_IGN) continue;
        sigaction(numbers[i], &action, NULL);
    }
}

static void let_signals(const struct sigaction *before) {
    for (size_t i = 0; i < NUMBERS; i++) {
        sigaction(numbers[i], &before[i], NULL);
    }
}

static enum terminal_status failed(void) {
    return errno == EINTR ? TERMINAL_INTERRUPTED : TERMINAL_FAILED;
}

static bool write_all(int terminal, const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t count = write(terminal, text, left);
        if (count < 0 && errno != EINTR) return false;
        if (count < 0) count = 0;
        text += count;
        left -= (size_t)count;
    }
    return true;
}

/* A signal that comes just before poll is seen by the next slice. */
static enum terminal_status
wait_for_line(int terminal, const struct system_signals *signals) {
    struct pollfd input = {terminal, POLLIN, 0};
    while (caught == 0 && !system_interrupted(signals)) {
        int ready = poll(&input, 1, 50);
        if (ready > 0) return TERMINAL_READ;
        if (ready < 0 && errno != EINTR) return TERMINAL_FAILED;
    }
    return TERMINAL_INTERRUPTED;
}

static enum terminal_status read_line(int terminal, struct buffer *line) {
    size_t size, before = line->length;
    char *room = buffer_room(line, LINE, &size);
    if (room == NULL) {
        errno = ENOMEM;
        return TERMINAL_FAILED;
    }
    ssize_t count = read(terminal, room, size);
    if (count < 0) return failed();
    buffer_grew(line, (size_t)count);
    if (count > 0 && room[count - 1] == '\n') {
        buffer_truncate(line, before + (size_t)count - 1);
    }
    return TERMINAL_READ;
}

/* With the echo off between, whatever happens. */
static enum terminal_status ask_once(int terminal, const char *text,
                                     const struct system_signals *signals,
                                     struct buffer *line) {
    struct termios before, hidden;
    if (tcgetattr(terminal, &before) != 0) return TERMINAL_FAILED;
    hidden = before;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    hidden.c_lflag |= ICANON | ISIG;
    if (tcsetattr(terminal, TCSAFLUSH, &hidden) != 0) return failed();
    enum terminal_status status = TERMINAL_FAILED;
    if (write_all(terminal, text)) status = wait_for_line(terminal, signals);
    if (status == TERMINAL_READ) status = read_line(terminal, line);
    int problem = errno;
    while (tcsetattr(terminal, TCSAFLUSH, &before) != 0 && errno == EINTR) {
    }
    (void)write_all(terminal, "\n");
    errno = problem;
    return status;
}

/* A signal that was caught is raised again once all is as before: it ends the
 * program, or stops it until it is continued; then the question comes again. */
static enum terminal_status ask(int terminal, const char *text,
                                const struct system_signals *signals,
                                struct buffer *line) {
    struct sigaction before[NUMBERS];
    while (true) {
        catch_signals(before);
        enum terminal_status status = ask_once(terminal, text, signals, line);
        let_signals(before);
        int number = caught;
        if (number != 0) (void)raise(number);
        if (status != TERMINAL_INTERRUPTED || number != SIGTSTP) return status;
    }
}

enum terminal_status terminal_ask(const char *text, struct buffer *line) {
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0) return TERMINAL_ABSENT;
    struct system_signals signals;
    system_signals_begin(&signals);
    enum terminal_status status = ask(terminal, text, &signals, line);
    system_signals_end(&signals);
    int problem = errno;
    close(terminal);
    errno = problem;
    return status;
}
