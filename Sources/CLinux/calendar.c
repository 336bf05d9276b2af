#include "CLinux.h"

static char *put_number(char *place, long number, int digits) {
    for (int i = digits; i-- > 0; number /= 10) place[i] = (char)('0' + number % 10);
    return place + digits;
}

// The Gregorian calendar. Years are counted from March, so that the leap day is the last of a year, and in cycles of 400 years,
// which have 146,097 days each. Nothing here may allocate, lock or fail: trap.c calls it in a signal handler.
void c_write_utc(long seconds, char *text) {
    long of_day = (seconds % 86400 + 86400) % 86400;
    long since = (seconds - of_day) / 86400 + 719468;   // days since 0000-03-01
    long cycle = since / 146097, of_cycle = since % 146097;
    long year = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
    long of_year = of_cycle - (365 * year + year / 4 - year / 100), from_march = (5 * of_year + 2) / 153;
    long month = from_march < 10 ? from_march + 3 : from_march - 9;
    text = put_number(text, cycle * 400 + year + (month <= 2), 4);
    *text++ = '-';
    text = put_number(text, month, 2);
    *text++ = '-';
    text = put_number(text, of_year - (153 * from_march + 2) / 5 + 1, 2);
    *text++ = 'T';
    text = put_number(text, of_day / 3600, 2);
    *text++ = ':';
    text = put_number(text, of_day / 60 % 60, 2);
    *text++ = ':';
    put_number(text, of_day % 60, 2);
}
