"""numba's compiler, made to do the work for a kernel once.

numba optimises each kernel, and makes machine code of it, and does both again in every kernel that calls it. Here a
kernel that kernels call is only lowered: it is linked, as it is, into what Python calls, and all becomes machine code
there. Its code is the same, bit by bit, and as fast; all kernels take half of the time to compile.
"""

import contextlib
import copy
import functools
import gc
from typing import Any

from numba import types
from numba.core import codegen, compiler, dispatcher, errors, registry, sigutils, target_extension, typing, utils
from numba.core import typed_passes as typed
from numba.core import untyped_passes as untyped
from numba.core.compiler_machinery import PassManager
from numba.core.environment import Environment

VERSION = (0, 68)  # of numba: other ones may work otherwise within
_STEPS = (  # of numba's own those that a kernel needs: no closures, no `with`, no generators, no sums of whole arrays
    untyped.TranslateByteCode,
    untyped.FixupArgs,
    untyped.IRProcessing,
    untyped.RewriteSemanticConstants,
    untyped.DeadBranchPrune,
    untyped.GenericRewrites,
    untyped.ReconstructSSA,
    untyped.DeadBranchPrune,
    typed.NopythonTypeInference,
    typed.PreLowerStripPhis,
    typed.InlineOverloads,
    typed.IRLegalization,
    typed.AnnotateTypes,
    typed.NativeLowering,
    typed.NoPythonBackend,
)


class Kernel(registry.CPUDispatcher):
    """A compiled function. Python calls what lies in `overloads`; other kernels link what lies in `parts`."""

    def __init__(self, py_func, locals=None, targetoptions=None, pipeline_class=compiler.Compiler):
        super().__init__(py_func, locals, targetoptions, pipeline_class)
        self._compiler = _Compiler(py_func, self.targetdescr, self.targetoptions, self.locals, _Steps)

    def get_call_template(self, args, kws):
        pysig, args = self._compiler.fold_argument_types(args, kws)
        self._compiler.part(tuple(args))
        name = self.py_func.__name__
        signatures = [part.signature for part in self._compiler.parts.values()]
        return typing.make_concrete_template(f"CallTemplate({name})", name, signatures), pysig, args, {}

    def get_overload(self, sig):
        return self._compiler.parts[tuple(sigutils.normalize_signature(sig)[0])].entry_point


class _Compiler(dispatcher._FunctionCompiler):  # type: ignore[name-defined]
    def __init__(self, *args):
        super().__init__(*args)
        self.parts = {}

    def part(self, args):
        """The kernel lowered for those types, to be linked into what calls it."""
        if args not in self.parts:
            context = self.targetdescr.target_context
            made = compiler.compile_extra(
                self.targetdescr.typing_context,
                context,
                self.py_func,
                args=args,
                return_type=None,
                flags=_flags(tuple(self.targetoptions.items())),
                locals={},
                library=_Part(context.codegen(), self.py_func.__qualname__),
                pipeline_class=self.pipeline_class,
            )
            made = made._replace(entry_point=object())  # the key by which a caller's lowering finds it
            made.target_context.insert_user_function(made.entry_point, made.fndesc, [made.library])
            self.parts[args] = made
        return self.parts[args]

    def _compile_core(self, args, return_type):
        """The part, all that it calls, and an entry for Python, as machine code."""
        with _quickly():
            part = self.part(args)
            context = part.target_context
            library = _Whole(context.codegen(), self.py_func.__qualname__)
            library.enable_object_caching()
            library.add_linking_library(part.library)
            seen = copy.copy(part.fndesc)
            seen.env_name += (
                "_entry"  # what the entry needs of Python lies apart from what every caller of the part has
            )
            known = Environment.from_fndesc(seen)
            with context.push_code_library(library):
                context.create_cpython_wrapper(
                    library, seen, known, part.call_helper, release_gil=self.targetoptions["nogil"]
                )
            entry_point = context.get_executable(library, seen, known)
            return part._replace(library=library, entry_point=entry_point, fndesc=seen, environment=known)


class _Steps(compiler.CompilerBase):
    def define_pipelines(self):
        steps = PassManager("kernel")
        for step in _STEPS:
            steps.add_pass(step, step.__name__)
        steps.finalize()
        return [steps]


class _Flags(compiler.Flags):
    """Flags that nobody changes: numba copies them for each kernel, and compares copies option by option, often."""

    def copy(self):
        return self

    def __eq__(self, other):
        return self is other or super().__eq__(other)

    @functools.cached_property
    def _hash(self):
        return super().__hash__()

    def __hash__(self):
        return self._hash


@functools.cache
def _flags(options):
    flags = _Flags()
    registry.cpu_target.options.parse_as_flags(flags, dict(options))
    flags.no_compile = flags.no_cpython_wrapper = True
    return flags


class _Part(codegen.JITCodeLibrary):
    """One kernel in LLVM's language, without what it calls."""

    def __init__(self, *args):
        super().__init__(*args)
        self._with_callees = None

    def _optimize_functions(self, ll_module):
        ll_module.data_layout = self._codegen._data_layout
        passes, builder = self._codegen._function_pass_manager(opt=1)
        for function in ll_module.functions:
            if not function.is_declaration:
                passes.run(function, builder)

    def finalize(self):
        self._finalized = True

    def own_module(self):
        return super()._get_module_for_linking()

    def _get_module_for_linking(self):
        """With all that it calls, for a caller that is no kernel."""
        if self._with_callees is None:
            self._with_callees = self.own_module().clone()
            for module in self.callees():
                self._with_callees.link_in(module, preserve=True)
        return self._with_callees

    def callees(self):
        """The module of each library that is called, directly or not."""
        seen = {self: None}
        waiting = list(self._linking_libraries)
        while waiting:
            library = waiting.pop()
            if library in seen:
                continue
            seen[library] = None
            if isinstance(library, _Part):
                waiting += library._linking_libraries
                yield library.own_module()
            else:
                yield library._get_module_for_linking()


class _Whole(_Part):
    """What Python calls, with all that it calls."""

    def finalize(self):
        for module in self.callees():
            self._final_module.link_in(module, preserve=True)
        self._optimize_final_module()
        self._final_module.verify()
        self._finalize_final_module()


@contextlib.contextmanager
def _quickly():
    """Compiling makes no garbage worth looking for, and asks for the type of each sum."""
    is_collecting = gc.isenabled()
    gc.disable()
    types.functions.BaseFunction.get_call_type = _call_type
    try:
        yield
    finally:
        types.functions.BaseFunction.get_call_type = _slow_call_type
        if is_collecting:
            gc.enable()


_slow_call_type = types.functions.BaseFunction.get_call_type
_fitting: dict[Any, Any] = {}


def _call_type(self, context, args, kws):
    """As numba's, but the template that fitted those types before comes first: numba tries ten for each sum."""
    if kws:
        return _slow_call_type(self, context, args, kws)
    args = tuple(args)
    before = _fitting.get((self, args))
    for template, is_literal in [before] if before else _templates(self, context):
        tried = template(context)
        try:
            signature = tried.apply(args if is_literal else tuple(map(types.unliteral, args)), {})
        except errors.NumbaError:
            continue
        if signature is not None:
            self._impl_keys[signature.args] = tried.get_impl_key(signature)
            _fitting[self, args] = template, is_literal
            return signature
    return _slow_call_type(self, context, args, kws)


def _templates(function, context):
    """In numba's order, and whether literal types count."""
    target = target_extension.get_local_target(context)
    for template in utils.order_by_target_specificity(target, function.templates, function.key[0]):
        for is_literal in (True, False) if template.prefer_literal else (False, True):
            yield template, is_literal
