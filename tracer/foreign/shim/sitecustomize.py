# sitecustomize: what xferdb adds to a traced Python program.
#
# It says when the calls on trial begin and end (lines written to a descriptor
# that does not exist, which the probe swallows: contract.h), names the threads,
# leads old boto3 to the local endpoint, and on request makes a wait a no-op so
# that xferdb can see whether anything else still waits. The sitecustomize that
# it stands in front of is run afterwards, as if this one were not there.
#
# Nothing here may fail into the program: what does not work is left out. The
# file must also be readable for Python 2, which then ignores all of it.
import os
import sys

MARK_FD = 1000000007

# ORDER default calls: what is on trial when nobody says, once the module is seen: uploads. A test that reads its
# object back has one question, not two.
# The second word names callers whose own call of it is not the user's call.
DEFAULT_CALLS = [
    ("boto3.s3.inject:upload_file", "boto3."),
    ("boto3.s3.inject:upload_fileobj", "boto3."),
    ("boto3.s3.inject:copy", "boto3."),
    ("boto3.s3.inject:bucket_upload_file", "boto3."),
    ("boto3.s3.inject:bucket_upload_fileobj", "boto3."),
    ("boto3.s3.inject:object_upload_file", "boto3."),
    ("boto3.s3.inject:object_upload_fileobj", "boto3."),
    ("boto3.s3.inject:bucket_copy", "boto3."),
    ("boto3.s3.inject:object_copy", "boto3."),
    ("s3transfer.manager:TransferManager.upload", "boto3. s3transfer. awscli."),
    ("s3transfer.manager:TransferManager.copy", "boto3. s3transfer. awscli."),
    ("s3transfer.crt:CRTTransferManager.upload", "boto3. s3transfer. awscli."),
]
# Methods that botocore makes up at run time, all through one function.
API_CALLS = {"PutObject": "put_object", "CopyObject": "copy_object"}
API_INSIDERS = ("s3transfer.", "boto3.s3.", "awscli.")  # a resource's put() is the user's own call


def mark(line):
    """Says one line to the probe. Without one there is nobody to hear it."""
    try:
        os.write(MARK_FD, line.encode("utf-8", "replace")[:1000])
    except (OSError, ValueError):
        pass


# ---- calls

class Ids(object):
    """Numbers that two threads never share: one C call under the GIL each."""

    def __init__(self):
        import itertools
        self._next = itertools.count(1).__next__

    def __call__(self):
        return self._next()


next_id = Ids() if sys.version_info >= (3,) else None


def plain(name):
    return "".join(c if c > " " else "_" for c in name)


class Call(object):
    """One call on trial: `with Call(name):`, as cheap as two writes."""
    __slots__ = ("id", "name")

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.id = next_id()
        mark("B %d %s\n" % (self.id, self.name))

    def __exit__(self, kind, value, traceback):
        if kind is None:
            mark("E %d %s\n" % (self.id, self.name))
        else:
            mark("X %d %s %s\n" % (self.id, self.name, kind.__name__))
        return False


def caller_module(depth):
    try:
        return sys._getframe(depth + 1).f_globals.get("__name__") or ""
    except ValueError:
        return ""


def is_inside(module, insiders):
    return bool(insiders) and (module + ".").startswith(tuple(insiders))


ASYNC_SOURCE = """
async def wrapper(*args, **kwargs):
    with Call(name):
        return await function(*args, **kwargs)
"""


def wrap_function(function, name, insiders):
    import functools
    import inspect
    if inspect.iscoroutinefunction(function):
        space = {"Call": Call, "name": name, "function": function}
        exec(ASYNC_SOURCE, space)
        return functools.wraps(function)(space["wrapper"])

    def wrapper(*args, **kwargs):
        if is_inside(caller_module(1), insiders):
            return function(*args, **kwargs)
        with Call(name):
            return function(*args, **kwargs)
    return functools.wraps(function)(wrapper)


def replace(module, path, make):
    """Puts make(function) in the place of module.path; keeps static and class methods what they are."""
    owner, names = module, path.split(".")
    for name in names[:-1]:
        owner = getattr(owner, name)
    raw = vars(owner).get(names[-1], None)
    if raw is None:
        raw = getattr(owner, names[-1])
    if isinstance(raw, (staticmethod, classmethod)):
        setattr(owner, names[-1], type(raw)(make(raw.__func__)))
    else:
        setattr(owner, names[-1], make(raw))


def make_like(make):
    """What make() makes goes by the name of what it was made from."""
    import functools
    return lambda function: functools.wraps(function)(make(function))


def put_on_trial(module, path, insiders, name):
    name = plain("%s:%s" % (name, path))
    replace(module, path, lambda function: wrap_function(function, name, insiders))


def say_missing(module, path, names):
    """What was asked for is not there: what its user may have meant."""
    near = []
    try:
        import difflib
        near = difflib.get_close_matches(path, names, 4, 0.5)
    except Exception:
        pass  # the program may have a difflib of its own
    mark("M 0 %s has no %s%s\n" % (module, path, "; near to it: " + ", ".join(near) if near else ""))


def callables(module):
    return [name for name in dir(module) if callable(getattr(module, name, None))]


def put_api_on_trial(module):
    def make(function):
        def _make_api_call(self, operation_name, *args, **kwargs):
            name = API_CALLS.get(operation_name)
            if name is None or is_inside(caller_module(2), API_INSIDERS):
                return function(self, operation_name, *args, **kwargs)
            with Call("botocore.client:" + name):
                return function(self, operation_name, *args, **kwargs)
        return _make_api_call
    replace(module, "BaseClient._make_api_call", make)


# ---- functions of the script that is run

class Names(object):
    """The names of a module, as attributes."""

    def __init__(self, names):
        self.__dict__ = names


class Script(object):
    """Watches the script's own lines until the functions wanted of it are there; after that it costs nothing."""

    def __init__(self, wanted):
        self.wanted = wanted  # (module as it was asked for, path)
        self.found = False    # the script runs

    def begin(self):
        sys.settrace(self.frame)

    def end(self):
        if sys.gettrace() == self.frame:
            sys.settrace(None)

    def frame(self, frame, event, argument):
        """The first code that runs in the script's names is the script; what it runs there itself (exec, dataclasses) is not."""
        code = frame.f_code
        if self.found or code.co_name != "<module>" or frame.f_globals.get("__name__") != "__main__":
            return None
        self.found = True
        if ("*",) not in code.co_consts:  # what `from module import *` brings has no name here
            self.miss([call for call in self.wanted if call[1].split(".")[0] not in code.co_names], code.co_names)
        return self.line

    def line(self, frame, event, argument):
        names = frame.f_globals
        for module, path in list(self.wanted):
            if callable(names.get(path.split(".")[0])):
                self.wanted.remove((module, path))
                self.take(Names(names), module, path)
        if self.wanted and event == "return":
            self.miss(list(self.wanted), [name for name in list(names) if callable(names[name])])
        if not self.wanted:
            self.end()
            return None
        return self.line

    def miss(self, calls, names):
        for module, path in calls:
            self.wanted.remove((module, path))
            say_missing(module, path, names)

    def take(self, names, module, path):
        try:
            put_on_trial(names, path, None, module)
        except Exception:
            say_missing(module, path, names.__dict__)


def is_script(module):
    """Is that what runs as __main__? By its own name, or by the name of its file or of `-m`."""
    words = getattr(sys, "orig_argv", None) or [""] + (getattr(sys, "argv", None) or [])
    for before, word in zip(words, words[1:]):
        if before in ("-m", "-c"):
            return module == "__main__" or before == "-m" and module == word
        if word.endswith(".py"):
            return module in ("__main__", os.path.basename(word)[:-3])
    return module == "__main__"


# ---- names of threads

def name_threads(module):
    """A thread says its name where it learns its own number, on itself."""
    hook = "_set_native_id" if hasattr(module.Thread, "_set_native_id") else "_set_ident"

    def make(function):
        def learn(self):
            function(self)
            if self._name != "MainThread":
                mark("N %s\n" % plain_line(self._name))
        return learn
    replace(module, "Thread." + hook, make)


def plain_line(text):
    return str(text).replace("\n", " ")[:200]


# ---- futures

def follow_futures(module):
    """
    That a future was found done, by who would have waited for it as long as it takes, is seen by nobody else. It was luck
    where somebody had asked before whether it is done, or for how long; and whoever is called back knows that it is.
    """
    done, future = module.FINISHED, module.Future
    future._xferdb_kept = future._xferdb_luck = False

    def doubt(self, luck=True):
        try:
            self._xferdb_luck = luck
        except Exception:
            pass  # a subclass that takes no attributes is not followed

    def begins(function):
        def set_running_or_notify_cancel(self):
            if not is_inside(caller_module(1), ("asyncio.",)):  # a loop says so as it ends one
                mark("J 0\n")
            return function(self)
        return set_running_or_notify_cancel

    def keeps(function):
        def keep(self, *args, **kwargs):
            if self._state != done and not self._done_callbacks:
                try:
                    self._xferdb_kept = True
                    mark("F %d\n" % id(self))
                except Exception:
                    pass
            return function(self, *args, **kwargs)
        return keep

    def found(self, function):
        if self._state == done and self._xferdb_kept and not self._xferdb_luck:
            mark("G %d %s\n" % (id(self), frame_of(function)))

    def waits(function):
        def wait_for_it(self, timeout=None):
            if timeout is None:
                found(self, function)
            else:
                doubt(self)
            return function(self, timeout)
        return wait_for_it

    def looks(function):
        def look(self, *args, **kwargs):
            answer = function(self, *args, **kwargs)
            if self._state == done:
                doubt(self)
            return answer
        return look

    def calls_back(function):
        def add_done_callback(self, *args, **kwargs):
            doubt(self)
            return function(self, *args, **kwargs)
        return add_done_callback

    def asks_several(function):
        def __init__(self, futures):
            function(self, futures)
            for one in self.futures:
                doubt(one)
        return __init__

    def waits_for_all(function):
        def wait(fs, timeout=None, return_when=module.ALL_COMPLETED):
            if timeout is not None or return_when != module.ALL_COMPLETED:
                return function(fs, timeout, return_when)
            fs = list(fs)
            clean = [one for one in fs if not getattr(one, "_xferdb_luck", True)]  # what only looks like a future is not followed
            answer = function(fs)
            for one in clean:
                doubt(one, False)
                found(one, function)
            return answer
        return wait

    # what raises a doubt first: where a version of the module lacks one of them, nothing is found done
    for path, make in (("Future.done", looks), ("Future.running", looks), ("Future.add_done_callback", calls_back),
                       ("_AcquireFutures.__init__", asks_several), ("Future.set_running_or_notify_cancel", begins),
                       ("Future.set_result", keeps), ("Future.set_exception", keeps), ("Future.result", waits),
                       ("Future.exception", waits), ("wait", waits_for_all)):
        replace(module, path, make_like(make))


def frame_of(function):
    """A frame of a function that may never be entered: where it would have waited."""
    return "%d %s %s" % (function.__code__.co_firstlineno, function.__qualname__, function.__code__.co_filename)


def follow_queues(module):
    """join() of a queue needs every task_done(), in whatever order they came: to the C library they are a lock taken in turn."""
    import collections

    def made(function):
        def __init__(self, *args, **kwargs):
            self._xferdb_queue, self._xferdb_done = next_id(), collections.deque(maxlen=4096)
            return function(self, *args, **kwargs)
        return __init__

    def tells(function):
        def task_done(self):
            done = getattr(self, "_xferdb_done", None)
            if done is not None and self.unfinished_tasks > 0:
                item = next_id()
                mark("P %d %d\n" % (self._xferdb_queue, item))
                done.append(item)
            return function(self)
        return task_done

    def waits(function):
        def join(self):
            answer, done = function(self), getattr(self, "_xferdb_done", None)
            while done:
                mark("T %d %d %s\n" % (self._xferdb_queue, done.popleft(), frame_of(function)))
            return answer
        return join

    for path, make in (("Queue.__init__", made), ("Queue.task_done", tells), ("Queue.join", waits)):
        replace(module, path, make_like(make))


# ---- the local endpoint

def lead_to_endpoint(module):
    endpoint = os.environ.get("XFERDB_ENDPOINT")

    def make(function):
        def create_client(self, service_name, *args, **kwargs):
            given = args[4] if len(args) > 4 else kwargs.get("endpoint_url")
            if service_name == "s3" and given is None and len(args) <= 4:
                kwargs["endpoint_url"] = endpoint
            return function(self, service_name, *args, **kwargs)
        return create_client
    if endpoint:
        replace(module, "Session.create_client", make)


def speak_plainly(module):
    """boto3's CRT client speaks TLS whatever the endpoint's URL says, and to a server that does not it only fails."""
    def make(function):
        def create_s3_crt_client(*args, **kwargs):
            if "use_ssl" in kwargs:
                kwargs["use_ssl"] = False
            return function(*args, **kwargs)
        return create_s3_crt_client
    if os.environ.get("XFERDB_ENDPOINT", "").startswith("http:"):
        replace(module, "create_s3_crt_client", make)


# ---- waits made no-ops

def no_result(module):
    replace(module, "TransferFuture.result", lambda function: lambda self: None)


def no_exit(module):
    def make(function):
        def _shutdown(self, cancel=False, *args, **kwargs):
            if cancel:
                return function(self, cancel, *args, **kwargs)
        return _shutdown
    replace(module, "TransferManager._shutdown", make)


def no_wait(path):
    return lambda module: replace(module, path, lambda function: lambda *args, **kwargs: None)


# ---- when a module is loaded, what is done to it

def add(wanted, module, action):
    wanted.setdefault(module, []).append(action)


def on_trial(path, insiders):
    return lambda module: put_on_trial(module, path, insiders, module.__name__)


def asked_for(path):
    """The same for what its user named: said, when it is not there."""
    def action(module):
        try:
            put_on_trial(module, path, None, module.__name__)
        except Exception:
            say_missing(module.__name__, path, callables(module))
    return action


def want_calls(wanted):
    """XFERDB_CALL: py:MODULE:NAME, one a line; absent: the calls of boto3."""
    specs = os.environ.get("XFERDB_CALL")
    if specs is None:
        for spec, insiders in DEFAULT_CALLS:
            module, path = spec.split(":")
            add(wanted, module, on_trial(path, insiders.split()))
        add(wanted, "botocore.client", put_api_on_trial)
        return
    script = []
    for spec in specs.split("\n"):
        kind, _, rest = spec.strip().partition(":")
        module, _, path = rest.partition(":")
        if kind == "py" and module and path:
            add(wanted, module, asked_for(path))
            if is_script(module):
                script.append((module, path))
    if script:
        Script(script).begin()


def want_ablation(wanted):
    known = {"result": ("s3transfer.futures", no_result), "exit": ("s3transfer.manager", no_exit)}
    for name in os.environ.get("XFERDB_ABLATE", "").split(","):
        module, _, path = name.strip().partition(":")
        if name.strip() in known:
            add(wanted, *known[name.strip()])
        elif path:
            add(wanted, module, no_wait(path))


class Finder(object):
    """Waits for modules to be imported, and lets everybody else find them."""

    def __init__(self, wanted):
        self.wanted = wanted

    def find_spec(self, name, path=None, target=None):
        if name not in self.wanted:
            return None
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find and finder is not self else None
            if spec is not None:
                self.watch(name, spec)
                return spec
        return None

    def watch(self, name, spec):
        """The loader's own exec_module, on this one object, does our work behind its own."""
        loader = spec.loader
        original = getattr(loader, "exec_module", None)
        if original is None:
            return

        def exec_module(module):
            try:
                del loader.exec_module
            except AttributeError:
                pass
            original(module)
            self.seen(name, module)
        try:
            loader.exec_module = exec_module
        except (AttributeError, TypeError):
            pass

    def seen(self, name, module):
        for action in self.wanted.pop(name, ()):
            try:
                action(module)
            except Exception:
                pass  # another version of it: not on trial, not harmed


def watch_pytest(finder):
    """pytest's own finder comes before ours, and loads the modules of tests itself."""
    def make(function):
        def exec_module(self, module):
            function(self, module)
            finder.seen(module.__name__, module)
        return exec_module
    return lambda module: replace(module, "AssertionRewritingHook.exec_module", make)


def begin():
    wanted = {}
    want_calls(wanted)
    want_ablation(wanted)
    add(wanted, "threading", name_threads)
    add(wanted, "concurrent.futures._base", follow_futures)
    add(wanted, "queue", follow_queues)
    add(wanted, "botocore.session", lead_to_endpoint)
    add(wanted, "boto3.crt", speak_plainly)
    finder = Finder(wanted)
    add(wanted, "_pytest.assertion.rewrite", watch_pytest(finder))
    for name in [n for n in wanted if n in sys.modules and n != "__main__"]:
        finder.seen(name, sys.modules[name])
    sys.meta_path.insert(0, finder)


# ---- the one we stand in front of

def same_folder(path, folder):
    return os.path.abspath(path or ".") == folder


def run_shadowed():
    """Leaves sys.path as it would be, and runs the next sitecustomize on it, if any."""
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if not same_folder(path, folder)]
    sys.modules["_xferdb_shim"] = sys.modules.pop(__name__, None)
    try:
        __import__("sitecustomize")  # not importlib's: that package is milliseconds that nobody may need
    except ImportError as error:
        if getattr(error, "name", None) != "sitecustomize":
            raise
        sys.modules.setdefault("sitecustomize", sys.modules["_xferdb_shim"])


if sys.version_info >= (3, 4):
    if "XFERDB_TRACE" in os.environ or "XFERDB_CALL" in os.environ:
        try:
            begin()
        except Exception:
            pass
    run_shadowed()
