/* foreign.c: what is written here for what has another name there. Every `write` is compiled by
 * tests/unit/test_foreign.c. */
#include "compiler/source/foreign.h"

#include <ctype.h>
#include <string.h>

#define VALUE CC_FOREIGN_VALUE
#define STATEMENT CC_FOREIGN_STATEMENT
#define WORD CC_FOREIGN_WORD
#define SLOT CC_FOREIGN_SLOT
#define ITEM CC_FOREIGN_ITEM

static const struct cc_foreign table[] = {
    /* ---- shapes ---- */
    {"cat concatenate hstack columnstack append", VALUE, "concat(x, y)",
     "along the last axis; with `axis = 0` along the first"},
    {"stack vstack dstack", VALUE, "concat(reshape(x, [1, T, D]), reshape(y, [1, T, D]), axis = 0)",
     "a new axis is made first"},
    {"view reshape reshapeas flatten ravel unflatten rearrange", VALUE, "reshape(x, [T * D])",
     "the new axes stand in brackets"},
    {"permute transpose swapaxes moveaxis movedim", VALUE, "transpose(x, [D, T])",
     "all axes in their new order; x' swaps the last two"},
    {"t mt", VALUE, "x'", NULL},
    {"squeeze", VALUE, NULL,
     "leave it out: no axis of size 1 is kept, so that x - mean(x, T) is right; x[0] takes one element"},
    {"unsqueeze expanddims newaxis", VALUE, "expand(x, [K, T, D])",
     "it repeats x along a new axis; for x * y none is needed where one has all axes of the other"},
    {"repeat tile broadcastto broadcast expand expandas repeatinterleave", VALUE, "expand(x, [K, T, D])",
     "x repeated along the axes that it lacks"},
    {"split chunk narrow unbind tensorsplit", VALUE, "x[.., 0..K]",
     "a part of the second axis; the rest is x[.., K..]"},
    {"gather take indexselect takealongdim takealongaxis lookup embeddinglookup", VALUE, "E[ids]",
     "rows of a table; a part of a tensor is x[0] or x[.., 0..K]"},
    {"scatter scatteradd indexadd indexput segmentsum unsortedsegmentsum", VALUE, "one_hot(ids)' @ x",
     "a value never changes; this is the sum of the rows of x that have the same id"},
    {"pad", VALUE, "concat(x, zeros([K, D]), axis = 0)", "texts of different lengths need no padding"},
    {"roll shift", VALUE, "concat(x[1..], x[0..1], axis = 0)", NULL},
    {"flip fliplr flipud", VALUE, "gru(x, K, reverse = true)",
     "aq has no reversed copy, but a recurrence may go from the last row to the first"},
    {"shape size ndim rank numel", VALUE, "T * D",
     "sizes have names: those of x: [T, D] are T and D, which may be computed with"},
    {"padsequence packpaddedsequence padpackedsequence", VALUE, NULL,
     "leave it out: there is no padding, each example has its own length"},
    {"zeroslike", VALUE, "zeros([T, D])", NULL},
    {"oneslike", VALUE, "ones([T, D])", NULL},
    {"full fulllike fill", VALUE, "0.5 * ones([T, D])", "a single number needs no shape: x + 0.5"},
    {"arange linspace", VALUE, "range(T)", "0, 1, 2, … along a dim"},
    {"onehot", VALUE, "one_hot(ids)", "as long as the vocabulary: it knows how many there are"},
    /* ---- along axes ---- */
    {"sum reducesum", VALUE, "sum(x, T)", "axes have names: T goes"},
    {"mean reducemean avg nanmean", VALUE, "mean(x, T)", "axes have names: T goes"},
    {"max amax reducemax nanmax", VALUE, "max(x, T)", "axes have names: T goes"},
    {"min amin reducemin nanmin", VALUE, "min(x, T)", "axes have names: T goes"},
    {"any reduceany", VALUE, "max(x > 0, T)", "truth is 1, falsehood 0"},
    {"all reduceall", VALUE, "min(x > 0, T)", "truth is 1, falsehood 0"},
    {"countnonzero", VALUE, "sum(x != 0, T)", NULL},
    {"prod product reduceprod", VALUE, "exp(sum(log(x), T))", "for positive numbers; a * b multiplies two"},
    {"cumprod", VALUE, "exp(cumsum(log(x), T))", "for positive numbers"},
    {"var variance reducevariance", VALUE, "mean((x - mean(x, T))^2, T)", NULL},
    {"std reducestd stddev", VALUE, "sqrt(mean((x - mean(x, T))^2, T))", NULL},
    {"norm l2norm vectornorm", VALUE, "sqrt(sum(x * x, D))", "unit(x) makes vectors of length 1"},
    {"normalize l2normalize", VALUE, "unit(x)", "vectors of length 1 along the last axis"},
    {"logsumexp reducelogsumexp", VALUE, "log(sum(exp(x - max(x, D)), D)) + max(x, D)", NULL},
    {"softmax", VALUE, "softmax(x, D)", "axes have names; without one it is the last"},
    {"logsoftmax", VALUE, "log_softmax(x, D)", "axes have names; without one it is the last"},
    {"softmin", VALUE, "softmax(-x, D)", NULL},
    {"argmax argmin nanargmax", VALUE, "x == max(x, D)",
     "1 at the largest along D, else 0; which class it is, `aqc predict` answers"},
    {"topk", VALUE, "top_k(x, 3, D)", "1 for the three largest along D, else 0"},
    {"sort argsort msort", VALUE, "top_k(x, 3, D)",
     "aq does not sort, but marks the largest: 1 for three along D, else 0"},
    {"median quantile percentile mode unique bincount histogram nonzero argwhere searchsorted", VALUE, NULL,
     "aq does not sort or count; sum, mean, max, min, cumsum and top_k run along an axis"},
    /* ---- products ---- */
    {"matmul mm bmm mv matvec", VALUE, "x @ W", "the last axis of x with the first of W"},
    {"einsum tensordot contract", VALUE, "x @ W",
     "the last axis of x with the first of W; any other sum of products is as `sum(x * y, D)`"},
    {"dot inner vdot vecdot", VALUE, "sum(x * y, D)", "matrices are multiplied with x @ W"},
    {"addmm baddbmm addbmm", VALUE, "linear(x, K)", "x @ W + b, with a W and b of its own"},
    {"outer", VALUE, "reshape(a, [N, 1]) @ reshape(b, [1, M])", "of a: [N] and b: [M]"},
    {"cosinesimilarity", VALUE, "sum(unit(x) * unit(y), D)", NULL},
    {"cdist pairwisedistance", VALUE, "sqrt(sum((x - y)^2, D))",
     "between rows of the same place; between all pairs, a head such as `euclidean`"},
    {"cross kron trace diag diagonal inv inverse pinv svd qr eig eigh cholesky solve det lstsq fft rfft ifft",
     VALUE, NULL,
     "aq has products (x @ W, sum(x * y, D)) and no other linear algebra; compute it before, as a column of "
     "the data"},
    /* ---- element by element ---- */
    {"clamp clip clipbyvalue hardtanh", VALUE, "min(max(x, 0), 1)", "here from 0 to 1"},
    {"maximum fmax clampmin", VALUE, "max(x, 0)", "the larger of two, element by element"},
    {"minimum fmin clampmax", VALUE, "min(x, 0)", "the smaller of two, element by element"},
    {"relu6", VALUE, "min(relu(x), 6)", NULL},
    {"hardsigmoid", VALUE, "min(max(x / 6 + 0.5, 0), 1)", NULL},
    {"hardswish hardsilu", VALUE, "x * min(max(x / 6 + 0.5, 0), 1)", NULL},
    {"swish", VALUE, "silu(x)", NULL},
    {"mish", VALUE, "x * tanh(softplus(x))", NULL},
    {"selu", VALUE, "1.0507 * where(x > 0, x, 1.67326 * (exp(min(x, 0)) - 1))", NULL},
    {"celu", VALUE, "elu(x)", NULL},
    {"leakyrelu lrelu", VALUE, "leaky_relu(x)",
     "0.01 x below zero; for another slope, where(x > 0, x, 0.2 * x)"},
    {"prelu", STATEMENT, "slope = param[] = 0.25; z = where(x > 0, x, slope * x)", NULL},
    {"glu", VALUE, "linear(x, K) * sigmoid(linear(x, K))", NULL},
    {"geglu", VALUE, "linear(x, K) * gelu(linear(x, K))", NULL},
    {"softsign", VALUE, "x / (1 + abs(x))", NULL},
    {"tanhshrink", VALUE, "x - tanh(x)", NULL},
    {"threshold heaviside", VALUE, "where(x > 0, x, 0)", "x > 0 alone is 1 or 0"},
    {"logsigmoid", VALUE, "-softplus(-x)", NULL},
    {"logit", VALUE, "log(x / (1 - x))", NULL},
    {"expit", VALUE, "sigmoid(x)", NULL},
    {"log1p", VALUE, "log(1 + x)", NULL},
    {"expm1", VALUE, "exp(x) - 1", NULL},
    {"log2", VALUE, "log(x) / log(2)", NULL},
    {"log10", VALUE, "log(x) / log(10)", NULL},
    {"ln", VALUE, "log(x)", NULL},
    {"erfc", VALUE, "1 - erf(x)", NULL},
    {"square", VALUE, "x^2", NULL},
    {"pow power", VALUE, "x^3", NULL},
    {"rsqrt", VALUE, "1 / sqrt(x)", NULL},
    {"reciprocal", VALUE, "1 / x", NULL},
    {"absolute fabs", VALUE, "abs(x)", NULL},
    {"neg negative", VALUE, "-x", NULL},
    {"round rint", VALUE, "floor(x + 0.5)", "no gradient flows through it"},
    {"trunc fix", VALUE, "sign(x) * floor(abs(x))", "no gradient flows through it"},
    {"add plus", VALUE, "x + y", NULL},
    {"sub subtract minus", VALUE, "x - y", NULL},
    {"mul multiply times", VALUE, "x * y", NULL},
    {"div divide truedivide", VALUE, "x / y", NULL},
    {"mod fmod remainder", VALUE, "x % 2", NULL},
    {"floordivide floordiv", VALUE, "x // 2", NULL},
    {"lerp", VALUE, "x + 0.5 * (y - x)", NULL},
    {"tan", VALUE, "sin(x) / cos(x)", NULL},
    {"sinh", VALUE, "(exp(x) - exp(-x)) / 2", NULL},
    {"cosh", VALUE, "(exp(x) + exp(-x)) / 2", NULL},
    {"atanh arctanh", VALUE, "log((1 + x) / (1 - x)) / 2", NULL},
    {"asin acos atan atan2 arcsin arccos arctan arctan2 asinh acosh lgamma gamma digamma", VALUE, NULL,
     "aq has sin, cos, tanh, exp, log, sqrt and erf of this kind, and what is made of them"},
    {"cond select ifelse piecewise", VALUE, "where(x > 0, x, y)", "element by element"},
    {"logicaland bitwiseand", VALUE, "x > 0 and y > 0", NULL},
    {"logicalor bitwiseor", VALUE, "x > 0 or y > 0", NULL},
    {"logicalnot bitwisenot invert", VALUE, "not x > 0", NULL},
    {"eq equal equals", VALUE, "x == y", NULL},
    {"ne notequal", VALUE, "x != y", NULL},
    {"gt greater", VALUE, "x > y", NULL},
    {"ge greaterequal", VALUE, "x >= y", NULL},
    {"lt less", VALUE, "x < y", NULL},
    {"le lessequal", VALUE, "x <= y", NULL},
    {"isnan isinf isfinite nantonum", VALUE, NULL,
     "leave it out: training stops at the first number that is not finite, and says which line made it"},
    /* ---- attention ---- */
    {"maskedfill maskedselect masked tril triu attnmask attentionmask causalmask", SLOT, "mask = j <= i",
     "it says which keys j a query i sees, as a slot of a head or behind `with`"},
    {"multiheadattention mha multiheadselfattention attention selfattention", VALUE, "multi_head(x, H)",
     "slots say the rest: `multi_head(x, H) with { mask = j <= i }`"},
    {"scaleddotproductattention dotproductattention flashattention sdpa flexattention", VALUE,
     "heads(x, x, H, K)",
     "slots say the rest: `heads(x, x, H, K) with { mask = j <= i }`; `attend` takes queries, keys and "
     "values"},
    {"transformerencoderlayer transformerblock transformerlayer", VALUE, "encoder_layer(x, H, 4 * D)", NULL},
    {"transformerdecoderlayer decoderlayer", VALUE, "decoder_layer(x, y, H, 4 * D)",
     "x looks at itself and what came before, then at y; a layer that looks at itself alone is "
     "`encoder_layer(x, H, 4 * D) with { mask = causal(i, j) }`"},
    {"causalmultihead causalselfattention maskedmultiheadattention", VALUE,
     "multi_head(x, H) with { mask = causal(i, j) }", "`with` reaches the head within, also through a layer"},
    {"alibimultihead", VALUE,
     "multi_head(x, H) with { score = score + alibi(i, j, h, H), mask = causal(i, j) }", NULL},
    {"crossmultihead multiheadcrossattention", VALUE, "multi_head(x, H, y)", "x looks at y"},
    {"transformer transformerencoder transformerdecoder modulelist", STATEMENT,
     "for l in 0..L { x = encoder_layer(x, H, 4 * D) }", "each round makes weights of its own"},
    {"positionalencoding sinusoidalpositionalencoding", VALUE, "sinusoid(x)",
     "`position(x, 512)` learns a vector for each place"},
    {"positionembedding learnedpositionalembedding", VALUE, "position(x, 512)",
     "for texts of at most 512 words"},
    /* ---- layers ---- */
    {"linear dense fullyconnected fc lazylinear addweight", VALUE, "linear(x, K)",
     "each call makes weights of its own; K is the size that comes out, and what goes in is known from x"},
    {"embedding embeddingbag", VALUE, "embed(ids, D)",
     "each call makes a table of its own; how many rows it has is known from ids"},
    {"layernorm layernormalization batchnorm batchnorm1d batchnorm2d groupnorm instancenorm "
     "batchnormalization",
     VALUE, "layernorm(x)", "it normalises each row by itself; there is no batch in a program"},
    {"rmsnorm", VALUE, "rmsnorm(x)", NULL},
    {"dropout dropout1d dropout2d alphadropout spatialdropout1d droppath", VALUE, "dropout(x, 10%)", NULL},
    {"identity", VALUE, "identity(x)", NULL},
    {"sequential compose mlp feedforward ffn", VALUE, "linear(relu(linear(x, K)), D)",
     "layers are functions, called one within the other"},
    {"lstm lstmcell", VALUE, "lstm(x, K)", NULL},
    {"gru grucell", VALUE, "gru(x, K)", NULL},
    {"rnn rnncell simplernn", VALUE, "rnn(x, K)", NULL},
    {"bidirectional bilstm bigru", VALUE, "concat(gru(x, K), gru(x, K, reverse = true))", NULL},
    {"whileloop foriloop foldl associativescan", VALUE, "scan(step, zeros([D]), x)",
     "step is a function of the state and one row of x, which returns the next state"},
    {"conv1d conv2d conv3d conv convolution causalconv1d maxpool1d maxpool2d avgpool1d avgpool2d unfold",
     VALUE, "self_attention(x) with { mask = abs(i - j) <= 2 }",
     "aq has no convolution, but heads that see the neighbours alone"},
    {"globalaveragepooling1d globalavgpool adaptiveavgpool1d meanpool meanpooling avgpool", VALUE,
     "mean(x, T)", NULL},
    {"globalmaxpooling1d globalmaxpool adaptivemaxpool1d maxpool maxpooling", VALUE, "max(x, T)", NULL},
    {"upsample interpolate pixelshuffle gridsample", VALUE, NULL, "aq has no such function"},
    {"parameter variable getvariable registerbuffer registerparameter", STATEMENT,
     "w = param[D, K] = normal(0.02)", "what is not learned is a number, a size or a column of the data"},
    {"tensor array asarray astensor constant fromnumpy", STATEMENT, "w = param[D] = 0.5",
     "a list of numbers has no place in a program: a table is learned, loaded or a column of the data"},
    {"kaiminguniform kaimingnormal kaiming", STATEMENT, "w = param[D, K] = he", NULL},
    {"xavieruniform xaviernormal xavier glorotuniform", STATEMENT, "w = param[D, K] = glorot", NULL},
    {"truncnormal truncatednormal randomnormal", STATEMENT, "w = param[D, K] = normal(0.02)", NULL},
    {"rand randn randint random randlike randnlike bernoulli multinomial categorical gumbelsoftmax randperm",
     VALUE, NULL,
     "random numbers are drawn by dropout, by gumbel() in slots, and where parameters start (param[D] = "
     "normal(0.1))"},
    /* ---- gradients and training ---- */
    {"detach nograd stopgrad stopgradient", VALUE, "stop_gradient(x)", NULL},
    {"crossentropy crossentropyloss nllloss categoricalcrossentropy sparsecategoricalcrossentropy "
     "softmaxcrossentropywithlogits",
     ITEM, "loss cross_entropy(label)",
     "the loss is an item of the file; the model returns the scores, without softmax"},
    {"mse mseloss meansquarederror squarederror", ITEM, "loss squared_error(y)",
     "the loss is an item of the file"},
    {"mae l1loss meanabsoluteerror absoluteerror", ITEM, "loss absolute_error(y)",
     "the loss is an item of the file"},
    {"smoothl1loss huberloss", ITEM, "loss huber(y)", "the loss is an item of the file"},
    {"poissonnllloss", ITEM, "loss poisson(y)",
     "the loss is an item of the file; the model returns the logarithm of the rate"},
    {"multimarginloss hingeloss", ITEM, "loss hinge(label)", "the loss is an item of the file"},
    {"focalloss sigmoidfocalloss", ITEM, "loss focal(label)", "the loss is an item of the file"},
    {"pinballloss quantileloss", ITEM, "loss quantile(y, q = 0.9)", "the loss is an item of the file"},
    {"kldiv kldivloss kldivergence", ITEM, "loss kl(p)",
     "the loss is an item of the file; the model returns the scores, without softmax"},
    {"bce bceloss bcewithlogitsloss binarycrossentropy binarycrossentropywithlogits", ITEM,
     "loss binary_cross_entropy(y)",
     "the loss is an item of the file; the model returns the logit, without sigmoid"},
    {"cosineembeddingloss tripletmarginloss ctcloss", ITEM, "loss mine(label)",
     "a loss of one's own is a function of what the model returns and what the row has: fn mine(x, target) = "
     "…"},
    {"adam adamw sgd rmsprop adagrad adafactor optimizer", ITEM, "train { optimizer = adamw(lr = 1e-3) }",
     "how it is trained is an item of the file"},
    {"steplr cosineannealinglr lrscheduler onecyclelr linearlr", ITEM,
     "train { schedule = cosine(warmup = 100) }", "how it is trained is an item of the file"},
    {"clipgradnorm clipgradvalue clipbynorm clipbyglobalnorm", ITEM, "train { clip = 1.0 }",
     "how it is trained is an item of the file"},
    {"dataloader dataset", ITEM, "train { batch = 32 }",
     "files are read by the command, `aqc train PROGRAM.aq DATA.tsv`; the data block names their columns"},
    {"backward zerograd grad valueandgrad gradienttape autograd step fit compile", ITEM,
     "train { epochs = 10 }", "gradients are made by the compiler, and `aqc train` does the steps"},
    {"parameters namedparameters statedict loadstatedict weight bias data", VALUE, NULL,
     "`aqc dis` lists the parameters; W = param[D, K] = load(\"file.safetensors\", \"tensor\") starts from a "
     "file"},
    {"jit vmap pmap checkpoint remat shardmap", VALUE, NULL,
     "leave it out: a program speaks of one example and is compiled; aq batches, and saves memory, by "
     "itself"},
    {"cuda cpu device to", VALUE, NULL, "leave it out: aq computes on the processor"},
    {"float half double bfloat16 long int int32 int64 float32 float16 bool astype type dtype cast", VALUE,
     NULL,
     "leave it out: numbers are real (the option precision = f64 for double), truth is 1 or 0, and words and "
     "classes "
     "are ids"},
    {"clone copy contiguous deepcopy", VALUE, "x", "a value never changes, so none needs copying"},
    {"item numpy tolist", VALUE, NULL, "leave it out: a single number is a tensor [] and is used as it is"},
    {"requiresgrad requiresgradtrue", STATEMENT, "w = param[D, K] = normal(0.02)",
     "what is learned is a param"},
    {"eval training", VALUE, NULL,
     "leave it out: dropout knows by itself whether the model is being trained"},
    {"forward call apply", VALUE, NULL, "a function is called by its name"},
    /* ---- Python ---- */
    {"print printf println echo debug assert", VALUE, NULL,
     "a program prints nothing; `aqc run PROGRAM.aq FUNCTION` shows what a function gives"},
    {"self this cls super init", WORD, NULL,
     "there are no objects: a function has its arguments and owns the weights that it makes"},
    {"none null nil undefined nan", WORD, NULL,
     "there is no empty value: an argument that may be left out has a default, fn f(x, rate = 0.1)"},
    {"enumerate zip map filter reduce", STATEMENT, "for l in 0..L { x = encoder_layer(x, H, 4 * D) }",
     "a loop counts; rows are gone through by scan(step, start, x)"},
    {"isinstance str list dict tuple set", VALUE, NULL,
     "values are tensors, numbers, sizes, texts, functions and lists such as [a, b]; their shapes are "
     "proven"},
    {"open read input", VALUE, NULL,
     "a program reads no files: `aqc train PROGRAM.aq DATA.tsv` does, and the data block names the columns"},
};

/* The next character that counts, in lower case; 0 at the end of the name. */
static char next_letter(const char **p) {
  while (**p == '_') ++*p;
  if (**p == '\0' || **p == ' ') return '\0';
  return (char)tolower((unsigned char)*(*p)++);
}

bool cc_foreign_same(const char *a, const char *b) {
  char c;
  do
    if ((c = next_letter(&a)) != next_letter(&b)) return false;
  while (c);
  return true;
}

const struct cc_foreign *cc_foreign_at(int index) {
  return index >= 0 && (size_t)index < RT_COUNT(table) ? &table[index] : NULL;
}

const struct cc_foreign *cc_foreign_find(const char *name) {
  for (size_t i = 0; i < RT_COUNT(table); i++)
    for (const char *p = table[i].names; p; p = strchr(p, ' ')) {
      p += *p == ' ';
      if (cc_foreign_same(p, name)) return &table[i];
    }
  return NULL;
}

static bool in_name(char c) { return isalnum((unsigned char)c) || c == '_'; }

static const char *name_of(const struct gr_node *node, const char *otherwise) {
  return node && node->kind == GR_NAME ? node->text : otherwise;
}

/* The advice with the user's names in place of x and y. */
static void put_write(struct rt_text *out, const char *write, const char *x, const char *y) {
  for (const char *p = write; *p; p++) {
    bool alone = !in_name(p[1]) && (p == write || !in_name(p[-1]));
    if (alone && (*p == 'x' || *p == 'y'))
      rt_text_puts(out, *p == 'x' ? x : y);
    else
      rt_text_add(out, p, 1);
  }
}

void cc_foreign_hint(struct rt_error *error, const struct cc_foreign *foreign, const struct gr_node *x,
                     const struct gr_node *y) {
  struct rt_text text = {0};
  if (!foreign->write) {
    rt_hint(error, "%s", foreign->about);
    return;
  }
  bool value = foreign->place == CC_FOREIGN_VALUE;
  put_write(&text, foreign->write, value ? name_of(x, "x") : "x", value ? name_of(y, "y") : "y");
  if (!text.failed)
    rt_hint(error, "write %s`%s`%s%s", foreign->place == CC_FOREIGN_SLOT ? "in a head " : "", text.data,
            foreign->about ? "; " : "", foreign->about ? foreign->about : "");
  rt_text_free(&text);
}
