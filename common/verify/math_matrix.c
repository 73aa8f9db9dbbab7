#include "math_tree.h"

#include <string.h>

// \begin{pmatrix} or \end{...}: the name of the environment; false: not a matrix.
static bool environment(struct math_parser *p, char *kind)
{
    p->at++;
    if (!math_expect(p, MATH_T_LBRACE))
        return false;
    const struct math_token *t = math_peek(p);
    bool array = t->len == 5 && memcmp(t->at, "array", 5) == 0;
    bool matrix = t->len >= 6 && memcmp(t->at + t->len - 6, "matrix", 6) == 0;
    if (t->kind != MATH_T_WORD || (!array && !matrix) || *t->at == 'V')
        return false;
    *kind = array ? 'a' : *t->at; // v: a determinant
    p->at++;
    if (!math_expect(p, MATH_T_RBRACE))
        return false;
    if (array && math_peek(p)->kind == MATH_T_LBRACE)
        (void)math_raw(p); // {cc}
    return !p->failed;
}

// Reads the cells; the number of columns, 0 where rows differ.
static int parse_cells(struct math_parser *p, int matrix)
{
    int columns = 0, cells = 0;
    while (!p->failed && math_peek(p)->kind != MATH_T_FINISH) {
        math_append(p, matrix, math_parse_sum(p));
        cells++;
        if (math_accept(p, MATH_T_CELL))
            continue;
        if (columns > 0 && cells != columns)
            return 0;
        columns = cells;
        cells = 0;
        if (!math_accept(p, MATH_T_ROW))
            break;
    }
    return cells == 0 ? columns : 0;
}

static int child_at(const struct math_parser *p, int parent, int index)
{
    int child = p->tree->nodes[parent].child;
    while (index-- > 0)
        child = p->tree->nodes[child].next;
    return child;
}

// A node has one parent: elsewhere a reference stands for it.
static int reference(struct math_parser *p, int node)
{
    int out = math_node(p, MATH_REFERENCE, -1, -1);
    if (out >= 0)
        p->tree->nodes[out].id = (uint64_t)node;
    return out;
}

// Of the rows from `row` on and the columns in the mask `left`, by the first row.
static int minor_of(struct math_parser *p, int matrix, int size, int row, unsigned left)
{
    int sum = -1, sign = 0;
    if (row == size) {
        int one = math_node(p, MATH_NUMBER, -1, -1);
        if (one >= 0) {
            p->tree->nodes[one].at = "1";
            p->tree->nodes[one].len = 1;
        }
        return one;
    }
    sum = math_node(p, MATH_SUM, -1, -1);
    for (int column = 0; column < size && !p->failed; column++) {
        if (!(left & (1u << column)))
            continue;
        int cell = reference(p, child_at(p, matrix, row * size + column));
        int term =
            math_node(p, MATH_PRODUCT, cell,
                      minor_of(p, matrix, size, row + 1, left & ~(1u << column)));
        math_append(p, sum,
                    sign++ % 2 == 0 ? term : math_node(p, MATH_NEGATIVE, term, -1));
    }
    return sum;
}

int math_determinant(struct math_parser *p, int matrix)
{
    enum { MAX_SIZE = 4 };
    if (p->failed || p->tree->nodes[matrix].kind != MATH_MATRIX)
        return math_fail(p);
    int size = (int)p->tree->nodes[matrix].id;
    if (size > MAX_SIZE || p->tree->nodes[matrix].children != size * size ||
        ++p->matrices > MATH_MAX_MATRICES)
        return math_fail(p);
    return minor_of(p, matrix, size, 0, (1u << size) - 1);
}

int math_parse_matrix(struct math_parser *p)
{
    char kind = '\0';
    if (!environment(p, &kind))
        return math_fail(p);
    int matrix = math_node(p, MATH_MATRIX, -1, -1);
    int columns = parse_cells(p, matrix);
    if (p->failed || columns == 0 || math_peek(p)->kind != MATH_T_FINISH ||
        !environment(p, &kind))
        return math_fail(p);
    p->tree->nodes[matrix].id = (uint64_t)columns;
    if (kind == 'a' && p->tree->nodes[matrix].children == 1)
        return p->tree->nodes[matrix].child; // a frame around one value
    return kind == 'v' ? math_determinant(p, matrix) : matrix;
}

static int scaled(struct math_parser *p, int scalar, int matrix)
{
    int out = math_node(p, MATH_MATRIX, -1, -1);
    if (out < 0)
        return -1;
    p->tree->nodes[out].id = p->tree->nodes[matrix].id;
    for (int c = p->tree->nodes[matrix].child; c >= 0 && !p->failed;
         c = p->tree->nodes[c].next)
        math_append(p, out,
                    math_node(p, MATH_PRODUCT, reference(p, scalar), reference(p, c)));
    return out;
}

static int multiplied(struct math_parser *p, int a, int b)
{
    int inner = (int)p->tree->nodes[a].id, columns = (int)p->tree->nodes[b].id;
    int rows = p->tree->nodes[a].children / inner;
    if (p->tree->nodes[b].children / columns != inner)
        return math_fail(p);
    int out = math_node(p, MATH_MATRIX, -1, -1);
    for (int cell = 0; cell < rows * columns && !p->failed; cell++) {
        int sum = math_node(p, MATH_SUM, -1, -1);
        for (int k = 0; k < inner && !p->failed; k++) {
            int left = child_at(p, a, cell / columns * inner + k);
            int right = child_at(p, b, k * columns + cell % columns);
            math_append(
                p, sum,
                math_node(p, MATH_PRODUCT, reference(p, left), reference(p, right)));
        }
        math_append(p, out, sum);
    }
    if (!p->failed)
        p->tree->nodes[out].id = (uint64_t)columns;
    return out;
}

int math_times_matrix(struct math_parser *p, int a, int b)
{
    if (p->failed || a < 0 || b < 0)
        return -1;
    bool left = p->tree->nodes[a].kind == MATH_MATRIX;
    bool right = p->tree->nodes[b].kind == MATH_MATRIX;
    if ((left || right) && ++p->matrices > MATH_MAX_MATRICES)
        return math_fail(p); // references to references: deeper with each
    if (left && right)
        return multiplied(p, a, b);
    return left ? scaled(p, b, a) : right ? scaled(p, a, b) : -1;
}
