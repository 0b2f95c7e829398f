/*
 * real: the functions the probe stands in front of, as the next library in
 * line has them. One table drives the pointers and their resolution.
 */
#ifndef PROBE_REAL_H
#define PROBE_REAL_H

#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

/*
 * PROBE_REAL_MAP(X): X(type, name, version, (parameters)); version NULL: whatever
 * comes next. The condition variables of glibc before 2.3.2 are still exported
 * and are what dlsym() gives on some releases, so theirs is asked for by name.
 */
#define PROBE_REAL_MAP(X)                                                                          \
	X(long, syscall, NULL, (long, ...)) /* the first, as futex.c knows */                      \
	X(int, pthread_create, NULL,                                                               \
	  (pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))                        \
	X(pid_t, fork, NULL, (void))                                                               \
	X(int, pthread_join, NULL, (pthread_t, void **))                                           \
	X(int, pthread_timedjoin_np, NULL, (pthread_t, void **, const struct timespec *))          \
	X(int, pthread_clockjoin_np, NULL,                                                         \
	  (pthread_t, void **, clockid_t, const struct timespec *))                                \
	X(int, pthread_detach, NULL, (pthread_t))                                                  \
	X(void, pthread_exit, NULL, (void *))                                                      \
	X(int, pthread_setname_np, NULL, (pthread_t, const char *))                                \
	X(int, sem_init, NULL, (sem_t *, int, unsigned))                                           \
	X(int, sem_destroy, NULL, (sem_t *))                                                       \
	X(int, sem_wait, NULL, (sem_t *))                                                          \
	X(int, sem_trywait, NULL, (sem_t *))                                                       \
	X(int, sem_timedwait, NULL, (sem_t *, const struct timespec *))                            \
	X(int, sem_clockwait, NULL, (sem_t *, clockid_t, const struct timespec *))                 \
	X(int, sem_post, NULL, (sem_t *))                                                          \
	X(int, pthread_cond_init, "GLIBC_2.3.2", (pthread_cond_t *, const pthread_condattr_t *))   \
	X(int, pthread_cond_destroy, "GLIBC_2.3.2", (pthread_cond_t *))                            \
	X(int, pthread_cond_wait, "GLIBC_2.3.2", (pthread_cond_t *, pthread_mutex_t *))            \
	X(int, pthread_cond_timedwait, "GLIBC_2.3.2",                                              \
	  (pthread_cond_t *, pthread_mutex_t *, const struct timespec *))                          \
	X(int, pthread_cond_clockwait, NULL,                                                       \
	  (pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *))               \
	X(int, pthread_cond_signal, "GLIBC_2.3.2", (pthread_cond_t *))                             \
	X(int, pthread_cond_broadcast, "GLIBC_2.3.2", (pthread_cond_t *))                          \
	X(int, pthread_mutex_lock, NULL, (pthread_mutex_t *))                                      \
	X(int, pthread_mutex_trylock, NULL, (pthread_mutex_t *))                                   \
	X(int, pthread_mutex_timedlock, NULL, (pthread_mutex_t *, const struct timespec *))        \
	X(int, pthread_mutex_clocklock, NULL,                                                      \
	  (pthread_mutex_t *, clockid_t, const struct timespec *))                                 \
	X(int, pthread_mutex_unlock, NULL, (pthread_mutex_t *))                                    \
	X(int, pthread_mutex_destroy, NULL, (pthread_mutex_t *))                                   \
	X(int, nanosleep, NULL, (const struct timespec *, struct timespec *))                      \
	X(int, clock_nanosleep, NULL, (clockid_t, int, const struct timespec *, struct timespec *)) \
	X(int, usleep, NULL, (useconds_t))                                                         \
	X(unsigned, sleep, NULL, (unsigned))                                                       \
	X(unsigned, alarm, NULL, (unsigned))                                                       \
	X(int, setitimer, NULL, (int, const struct itimerval *, struct itimerval *))               \
	X(int, timer_create, NULL, (clockid_t, struct sigevent *, timer_t *))                      \
	X(int, timer_settime, NULL, (timer_t, int, const struct itimerspec *, struct itimerspec *)) \
	X(int, timer_delete, NULL, (timer_t))                                                      \
	X(int, sigaction, NULL, (int, const struct sigaction *, struct sigaction *))               \
	X(sighandler_t, signal, NULL, (int, sighandler_t))                                         \
	X(int, poll, NULL, (struct pollfd *, nfds_t, int))                                         \
	X(int, __poll_chk, NULL, (struct pollfd *, nfds_t, int, size_t))                           \
	X(int, ppoll, NULL,                                                                        \
	  (struct pollfd *, nfds_t, const struct timespec *, const sigset_t *))                    \
	X(int, __ppoll_chk, NULL,                                                                  \
	  (struct pollfd *, nfds_t, const struct timespec *, const sigset_t *, size_t))            \
	X(int, select, NULL, (int, fd_set *, fd_set *, fd_set *, struct timeval *))                \
	X(int, pselect, NULL,                                                                      \
	  (int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *))          \
	X(int, epoll_wait, NULL, (int, struct epoll_event *, int, int))                            \
	X(int, epoll_pwait, NULL, (int, struct epoll_event *, int, int, const sigset_t *))         \
	X(int, pipe, NULL, (int *))                                                                \
	X(int, pipe2, NULL, (int *, int))                                                          \
	X(int, eventfd, NULL, (unsigned, int))                                                     \
	X(int, socketpair, NULL, (int, int, int, int *))                                           \
	X(int, socket, NULL, (int, int, int))                                                      \
	X(int, accept, NULL, (int, struct sockaddr *, socklen_t *))                                \
	X(int, accept4, NULL, (int, struct sockaddr *, socklen_t *, int))                          \
	X(int, connect, NULL, (int, const struct sockaddr *, socklen_t))                           \
	X(int, getaddrinfo, NULL,                                                                  \
	  (const char *, const char *, const struct addrinfo *, struct addrinfo **))               \
	X(int, shutdown, NULL, (int, int))                                                         \
	X(int, close, NULL, (int))                                                                 \
	X(int, close_range, NULL, (unsigned, unsigned, int))                                       \
	X(void, closefrom, NULL, (int))                                                            \
	X(int, dup, NULL, (int))                                                                   \
	X(int, dup2, NULL, (int, int))                                                             \
	X(int, dup3, NULL, (int, int, int))                                                        \
	X(int, fcntl, NULL, (int, int, ...))                                                       \
	X(int, fcntl64, NULL, (int, int, ...))                                                     \
	X(ssize_t, read, NULL, (int, void *, size_t))                                              \
	X(ssize_t, __read_chk, NULL, (int, void *, size_t, size_t))                                \
	X(ssize_t, readv, NULL, (int, const struct iovec *, int))                                  \
	X(ssize_t, write, NULL, (int, const void *, size_t))                                       \
	X(ssize_t, writev, NULL, (int, const struct iovec *, int))                                 \
	X(ssize_t, send, NULL, (int, const void *, size_t, int))                                   \
	X(ssize_t, sendto, NULL,                                                                   \
	  (int, const void *, size_t, int, const struct sockaddr *, socklen_t))                    \
	X(ssize_t, sendmsg, NULL, (int, const struct msghdr *, int))                               \
	X(ssize_t, sendfile, NULL, (int, int, off_t *, size_t))                                    \
	X(ssize_t, sendfile64, NULL, (int, int, off_t *, size_t))                                  \
	X(ssize_t, recv, NULL, (int, void *, size_t, int))                                         \
	X(ssize_t, __recv_chk, NULL, (int, void *, size_t, size_t, int))                           \
	X(ssize_t, recvfrom, NULL,                                                                 \
	  (int, void *, size_t, int, struct sockaddr *, socklen_t *))                              \
	X(ssize_t, __recvfrom_chk, NULL,                                                           \
	  (int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *))                      \
	X(ssize_t, recvmsg, NULL, (int, struct msghdr *, int))                                     \
	X(int, eventfd_write, NULL, (int, uint64_t))                                               \
	X(int, eventfd_read, NULL, (int, uint64_t *))                                              \
	X(pid_t, _Fork, NULL, (void))                                                              \
	X(int, posix_spawn, NULL,                                                                  \
	  (pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,   \
	   char *const *, char *const *))                                                          \
	X(int, posix_spawnp, NULL,                                                                 \
	  (pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,   \
	   char *const *, char *const *))                                                          \
	X(int, system, NULL, (const char *))                                                       \
	X(FILE *, popen, NULL, (const char *, const char *))                                       \
	X(int, pclose, NULL, (FILE *))                                                             \
	X(pid_t, wait, NULL, (int *))                                                              \
	X(pid_t, waitpid, NULL, (pid_t, int *, int))                                               \
	X(pid_t, wait3, NULL, (int *, int, struct rusage *))                                       \
	X(pid_t, wait4, NULL, (pid_t, int *, int, struct rusage *))                                \
	X(int, sigsuspend, NULL, (const sigset_t *))                                               \
	X(int, waitid, NULL, (idtype_t, id_t, siginfo_t *, int))                                   \
	X(void, _exit, NULL, (int))                                                                \
	X(void, _Exit, NULL, (int))

struct probe_real {
#define PROBE_X(type, name, version, params) type(*name) params;
	PROBE_REAL_MAP(PROBE_X)
#undef PROBE_X
};

extern struct probe_real probe_real;

/* Fills the whole table. From the constructor; any number of times. */
void probe_real_resolve(void);

/*
 * The pointer of one function, also before the constructor ran (other
 * libraries' constructors may call us first). Aborts when the C library has no
 * such function: its caller could only have come from there.
 */
#define REAL(name) (__builtin_expect(!probe_real.name, 0) ? probe_real_resolve() : (void)0, probe_real.name)

#endif
