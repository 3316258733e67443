"""From the text 'package.module.function' to the function."""
import importlib


def load(name):
    """Imports the module and returns its function. A path with slashes, as cloud Lambda takes it,
    is a package path too. Raises what the import raises."""
    module_name, _, function_name = name.rpartition('.')
    if not module_name or not function_name:
        raise ValueError("the handler '{}' is not of the form module.function".format(name))
    module = importlib.import_module(module_name.replace('/', '.'))
    function = getattr(module, function_name, None)
    if not callable(function):
        raise AttributeError("the module '{}' has no function '{}'".format(
            module_name, function_name))
    return function
