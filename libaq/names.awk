# names.awk: with declarations.awk, the names of all functions that the headers declare.
function declared(result, name, list) { print name }
